@AbapCatalog.sqlViewAppendName: 'ZXCRBSALESITEM'
@EndUserText.label: 'Carbon in I_SalesOrderItem'
extend view I_SalesOrderItem with ZX_CARBIDESALESITEM
  association [0..1] to ZI_CARBIDESALESITEM as _ZZCarbon
    on $projection.SalesOrder = _ZZCarbon.SalesOrder
      and $projection.SalesOrderItem = _ZZCarbon.SalesOrderItem
{
  _ZZCarbon.ZZCarbonKilograms,
  _ZZCarbon.ZZCarbonUnit,
  _ZZCarbon.ZZCarbonIntensity,
  _ZZCarbon.ZZCarbonValueState,
  _ZZCarbon.ZZCarbonPrimaryShare,
  _ZZCarbon.ZZCarbonFactorVersion,
  _ZZCarbon.ZZCarbonEvidence
}
