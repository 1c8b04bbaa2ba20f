@AbapCatalog.sqlViewName: 'ZICRBPLANNEDORDE'
@AbapCatalog.compiler.compareFilter: true
@AccessControl.authorizationCheck: #NOT_REQUIRED
@EndUserText.label: 'Carbon of a planned order'
@VDM.private: true
define view ZI_CARBIDEPLANNEDORDER
  as select from plaf
{
  key plnum as PlannedOrder,
      @Semantics.quantity.unitOfMeasure: 'ZZCarbonUnit'
      zzcrb_kg as ZZCarbonKilograms,
      @Semantics.unitOfMeasure: true
      zzcrb_unit as ZZCarbonUnit,
      zzcrb_intensity as ZZCarbonIntensity,
      zzcrb_state as ZZCarbonValueState,
      zzcrb_share as ZZCarbonPrimaryShare,
      zzcrb_factors as ZZCarbonFactorVersion,
      zzcrb_evidence as ZZCarbonEvidence
}
