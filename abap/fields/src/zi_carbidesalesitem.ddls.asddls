@AbapCatalog.sqlViewName: 'ZICRBSALESITEM'
@AbapCatalog.compiler.compareFilter: true
@AccessControl.authorizationCheck: #NOT_REQUIRED
@EndUserText.label: 'Carbon of a sales order item'
@VDM.private: true
define view ZI_CARBIDESALESITEM
  as select from vbap
{
  key vbeln as SalesOrder,
  key posnr as SalesOrderItem,
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
