"! Carbon fields of SAP's own planned orders, for those who imported them
INTERFACE zif_carbide_order_fields PUBLIC.
  "! Fills the fields of these orders in the LUW of the caller; an order that is gone is left out
  "! @parameter plans | Each with an order
  METHODS put
    IMPORTING plans TYPE zif_carbide_plan_store=>plans.
ENDINTERFACE.
