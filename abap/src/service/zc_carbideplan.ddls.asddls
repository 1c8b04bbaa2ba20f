@AbapCatalog.sqlViewName: 'ZCCARBIDEPLAN'
@AbapCatalog.compiler.compareFilter: true
@AccessControl.authorizationCheck: #CHECK
@EndUserText.label: 'Carbon of planned orders'
@VDM.viewType: #CONSUMPTION
@UI.headerInfo: { typeName: 'Planned order', typeNamePlural: 'Planned orders', title: { value: 'Requirement' } }
define view ZC_CARBIDEPLAN
  as select from ZI_CARBIDEPLAN
{
      @UI.facet: [{ id: 'Plan', type: #IDENTIFICATION_REFERENCE, label: 'Carbon', position: 10 }]
      @UI.lineItem: [{ position: 10 }]
      @UI.identification: [{ position: 10 }]
  key Requirement,
      @UI.lineItem: [{ position: 15 }]
      @UI.identification: [{ position: 15 }]
      PlannedOrder,
      @UI.selectionField: [{ position: 20 }]
      @UI.lineItem: [{ position: 20 }]
      @UI.identification: [{ position: 20 }]
      Material,
      @UI.selectionField: [{ position: 10 }]
      @UI.lineItem: [{ position: 30 }]
      @UI.identification: [{ position: 30 }]
      Plant,
      @UI.lineItem: [{ position: 40 }]
      @UI.identification: [{ position: 40 }]
      TotalQuantity,
      BaseUnit,
      @UI.lineItem: [{ position: 50 }]
      @UI.identification: [{ position: 50 }]
      KilogramsBefore,
      @UI.lineItem: [{ position: 60 }]
      @UI.identification: [{ position: 60 }]
      KilogramsAfter,
      CarbonUnit,
      @UI.selectionField: [{ position: 30 }]
      @UI.lineItem: [{ position: 70 }]
      @UI.identification: [{ position: 70 }]
      PlanState,
      @UI.lineItem: [{ position: 80 }]
      @UI.identification: [{ position: 80 }]
      WindowUntil,
      @UI.lineItem: [{ position: 90 }]
      @UI.identification: [{ position: 90 }]
      Reason,
      @UI.identification: [{ position: 100 }]
      ChangeSet,
      @UI.identification: [{ position: 110 }]
      EvidenceKey,
      @UI.identification: [{ position: 120 }]
      PublishedAt
}
