@AbapCatalog.sqlViewName: 'ZCCARBIDEPOST'
@AbapCatalog.compiler.compareFilter: true
@AccessControl.authorizationCheck: #CHECK
@EndUserText.label: 'Posted kilograms CO2e'
@VDM.viewType: #CONSUMPTION
@UI.headerInfo: { typeName: 'Carbon posting', typeNamePlural: 'Carbon postings', title: { value: 'ReferenceDocument' } }
@UI.presentationVariant: [{ sortOrder: [{ by: 'PostingDate', direction: #DESC }], requestAtLeast: [ 'CarbonUnit' ] }]
define view ZC_CARBIDEPOSTING
  as select from ZI_CARBIDEPOSTING
{
      @UI.facet: [{ id: 'Posting', type: #IDENTIFICATION_REFERENCE, label: 'Posting', position: 10 }]
      @UI.hidden: true
  key ReferenceDocumentType,
      @UI.lineItem: [{ position: 30 }]
      @UI.identification: [{ position: 10 }]
  key ReferenceDocument,
      @UI.hidden: true
  key ReferenceDocumentSystem,
      @UI.lineItem: [{ position: 40 }]
      @UI.identification: [{ position: 20 }]
  key ReferenceDocumentItem,
      @UI.selectionField: [{ position: 10 }]
      @UI.lineItem: [{ position: 10 }]
      @UI.identification: [{ position: 30 }]
      CompanyCode,
      @UI.selectionField: [{ position: 20 }]
      @UI.lineItem: [{ position: 20 }]
      @UI.identification: [{ position: 40 }]
      PostingDate,
      PostingMonth,
      @UI.selectionField: [{ position: 30 }]
      @UI.lineItem: [{ position: 50 }]
      @UI.identification: [{ position: 50 }]
      EmissionScope,
      @UI.selectionField: [{ position: 40 }]
      @UI.lineItem: [{ position: 60 }]
      @UI.identification: [{ position: 60 }]
      CostCenter,
      @UI.identification: [{ position: 70 }]
      OrderID,
      @UI.identification: [{ position: 80 }]
      ProfitCenter,
      @UI.lineItem: [{ position: 70 }]
      @UI.identification: [{ position: 90 }]
      Kilograms,
      CarbonUnit,
      @UI.lineItem: [{ position: 80 }]
      @UI.identification: [{ position: 100 }]
      ValueState,
      @UI.identification: [{ position: 110 }]
      EvidenceKey,
      @UI.identification: [{ position: 120 }]
      ReversedDocument
}
