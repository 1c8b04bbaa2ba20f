@AbapCatalog.sqlViewAppendName: 'ZXCRBPURCHASEITE'
@EndUserText.label: 'Carbon in I_PurchaseOrderItemAPI01'
extend view I_PurchaseOrderItemAPI01 with ZX_CARBIDEPURCHASEITEM
  association [0..1] to ZI_CARBIDEPURCHASEITEM as _ZZCarbon
    on $projection.PurchaseOrder = _ZZCarbon.PurchaseOrder
      and $projection.PurchaseOrderItem = _ZZCarbon.PurchaseOrderItem
{
  _ZZCarbon.ZZCarbonKilograms,
  _ZZCarbon.ZZCarbonUnit,
  _ZZCarbon.ZZCarbonIntensity,
  _ZZCarbon.ZZCarbonValueState,
  _ZZCarbon.ZZCarbonPrimaryShare,
  _ZZCarbon.ZZCarbonFactorVersion,
  _ZZCarbon.ZZCarbonEvidence
}
