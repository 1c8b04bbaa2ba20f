@AbapCatalog.sqlViewName: 'ZCCARBIDEPOSTQ'
@AbapCatalog.compiler.compareFilter: true
@AccessControl.authorizationCheck: #CHECK
@EndUserText.label: 'Kilograms CO2e by period, cost center and scope'
@VDM.viewType: #CONSUMPTION
@Analytics.query: true
define view ZC_CARBIDEPOSTINGQUERY
  as select from ZI_CARBIDEPOSTING
{
  @AnalyticsDetails.query.axis: #ROWS
  CompanyCode,
  @AnalyticsDetails.query.axis: #ROWS
  PostingMonth,
  @AnalyticsDetails.query.axis: #ROWS
  CostCenter,
  @AnalyticsDetails.query.axis: #FREE
  OrderID,
  @AnalyticsDetails.query.axis: #FREE
  ProfitCenter,
  @AnalyticsDetails.query.axis: #COLUMNS
  EmissionScope,
  @AnalyticsDetails.query.axis: #FREE
  ValueState,
  Kilograms,
  CarbonUnit
}
