"! Authorization object ZCARBIDE
CLASS zcl_carbide_authority DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    INTERFACES zif_carbide_authority.
ENDCLASS.

CLASS zcl_carbide_authority IMPLEMENTATION.
  METHOD zif_carbide_authority~check.
    DATA(wanted) = CONV zcarbide_operation( operation ).
    AUTHORITY-CHECK OBJECT 'ZCARBIDE'
      ID 'ACTVT' FIELD activity
      ID 'ZCARB_OPER' FIELD wanted.
    IF sy-subrc <> 0.
      RAISE EXCEPTION TYPE zcx_carbide_error
        EXPORTING
          number = '020'
          v1     = operation.
    ENDIF.
  ENDMETHOD.
ENDCLASS.
