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

  METHOD zif_carbide_authority~check_company_code.
    AUTHORITY-CHECK OBJECT 'F_BKPF_BUK'
      ID 'BUKRS' FIELD company_code
      ID 'ACTVT' FIELD zif_carbide_authority=>activity-display.
    IF sy-subrc <> 0.
      RAISE EXCEPTION TYPE zcx_carbide_error
        EXPORTING
          number = '020'
          v1     = |F_BKPF_BUK { company_code }|.
    ENDIF.
  ENDMETHOD.

  METHOD zif_carbide_authority~check_plant.
    AUTHORITY-CHECK OBJECT 'M_MATE_WRK'
      ID 'WERKS' FIELD plant
      ID 'ACTVT' FIELD zif_carbide_authority=>activity-display.
    IF sy-subrc <> 0.
      RAISE EXCEPTION TYPE zcx_carbide_error
        EXPORTING
          number = '020'
          v1     = |M_MATE_WRK { plant }|.
    ENDIF.
  ENDMETHOD.
ENDCLASS.
