"! One operation: a BAPI, called but not committed
INTERFACE zif_carbide_operation PUBLIC.
  TYPES:
    BEGIN OF outcome,
      "! Known before the commit, or initial
      object_number TYPE zcarbide_object_number,
      "! AWTYP, AWKEY and AWSYS, if the number is drawn at the commit
      reference     TYPE zcarbide_reference,
      messages      TYPE bapiret2_t,
    END OF outcome.

  "! @parameter operation         | One of zcl_carbide_operation_catalog
  "! @parameter payload           | Parameters of the BAPI, checked
  "! @parameter result            | What SAP said; a row of type E, A or X is a refusal
  "! @raising   zcx_carbide_error | A value does not fit its field in SAP
  METHODS run
    IMPORTING operation     TYPE zcarbide_operation
              payload       TYPE REF TO zcl_carbide_payload
    RETURNING VALUE(result) TYPE outcome
    RAISING   zcx_carbide_error.
ENDINTERFACE.
