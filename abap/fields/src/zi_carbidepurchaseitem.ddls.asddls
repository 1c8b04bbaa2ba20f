@AbapCatalog.sqlViewName: 'ZICRBPURCHASEITE'
@AbapCatalog.compiler.compareFilter: true
@AccessControl.authorizationCheck: #NOT_REQUIRED
@EndUserText.label: 'Carbon of a purchase order item'
@VDM.private: true
define view ZI_CARBIDEPURCHASEITEM
  as select from ekpo
{
  key ebeln as PurchaseOrder,
  key ebelp as PurchaseOrderItem,
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
