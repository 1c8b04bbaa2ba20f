@AbapCatalog.sqlViewName: 'ZICARBIDEPOST'
@AbapCatalog.compiler.compareFilter: true
@AccessControl.authorizationCheck: #CHECK
@EndUserText.label: 'Kilograms CO2e of document lines'
@VDM.viewType: #COMPOSITE
@Analytics.dataCategory: #CUBE
define view ZI_CARBIDEPOSTING
  as select from zcarbide_line
{
  key awtyp                    as ReferenceDocumentType,
  key awkey                    as ReferenceDocument,
  key awsys                    as ReferenceDocumentSystem,
  key posnr                    as ReferenceDocumentItem,
      bukrs                    as CompanyCode,
      budat                    as PostingDate,
      substring( budat, 1, 6 ) as PostingMonth,
      scope                    as EmissionScope,
      state                    as ValueState,
      kostl                    as CostCenter,
      aufnr                    as OrderID,
      prctr                    as ProfitCenter,
      @DefaultAggregation: #SUM
      @Semantics.quantity.unitOfMeasure: 'CarbonUnit'
      kg                       as Kilograms,
      @Semantics.unitOfMeasure: true
      kg_unit                  as CarbonUnit,
      evidence                 as EvidenceKey,
      reversed_key             as ReversedDocument
}
