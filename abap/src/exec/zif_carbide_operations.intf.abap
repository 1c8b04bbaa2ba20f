"! Gives the operation that runs a request
INTERFACE zif_carbide_operations PUBLIC.
  "! @parameter operation | One of zcl_carbide_operation_catalog
  METHODS get
    IMPORTING operation     TYPE zcarbide_operation
    RETURNING VALUE(result) TYPE REF TO zif_carbide_operation.
ENDINTERFACE.
