@AbapCatalog.sqlViewName: 'ZICARBIDEPLAN'
@AbapCatalog.compiler.compareFilter: true
@AccessControl.authorizationCheck: #CHECK
@EndUserText.label: 'Kilograms CO2e of planned orders'
@VDM.viewType: #BASIC
define view ZI_CARBIDEPLAN
  as select from zcarbide_plan
{
  key requirement  as Requirement,
      plnum        as PlannedOrder,
      matnr        as Material,
      plwrk        as Plant,
      @Semantics.quantity.unitOfMeasure: 'BaseUnit'
      gsmng        as TotalQuantity,
      @Semantics.unitOfMeasure: true
      meins        as BaseUnit,
      @Semantics.quantity.unitOfMeasure: 'CarbonUnit'
      kg_before    as KilogramsBefore,
      @Semantics.quantity.unitOfMeasure: 'CarbonUnit'
      kg_after     as KilogramsAfter,
      @Semantics.unitOfMeasure: true
      kg_unit      as CarbonUnit,
      state        as PlanState,
      window_until as WindowUntil,
      reason       as Reason,
      change_set   as ChangeSet,
      evidence     as EvidenceKey,
      published_at as PublishedAt
}
