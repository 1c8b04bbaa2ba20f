@AbapCatalog.sqlViewName: 'ZICRBPRODUCTPLAN'
@AbapCatalog.compiler.compareFilter: true
@AccessControl.authorizationCheck: #NOT_REQUIRED
@EndUserText.label: 'Carbon of a material in a plant'
@VDM.private: true
define view ZI_CARBIDEPRODUCTPLANT
  as select from marc
{
  key matnr as Product,
  key werks as Plant,
      @Semantics.unitOfMeasure: true
      zzcrb_unit as ZZCarbonUnit,
      zzcrb_intensity as ZZCarbonIntensity,
      zzcrb_state as ZZCarbonValueState,
      zzcrb_share as ZZCarbonPrimaryShare,
      zzcrb_factors as ZZCarbonFactorVersion,
      zzcrb_evidence as ZZCarbonEvidence
}
