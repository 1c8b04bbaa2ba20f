"! Who may do what: authorization object ZCARBIDE
INTERFACE zif_carbide_authority PUBLIC.
  CONSTANTS:
    BEGIN OF activity,
      display TYPE activ_auth VALUE '03',
      execute TYPE activ_auth VALUE '16',
    END OF activity.

  "! @parameter activity          | See the constants
  "! @parameter operation         | What is to be done, as in authorization field ZCARB_OPER
  "! @raising   zcx_carbide_error | 020
  METHODS check
    IMPORTING activity  TYPE activ_auth
              operation TYPE csequence
    RAISING   zcx_carbide_error.

  "! @parameter company_code      | Whose documents are to be shown: F_BKPF_BUK, display
  "! @raising   zcx_carbide_error | 020
  METHODS check_company_code
    IMPORTING company_code TYPE bukrs
    RAISING   zcx_carbide_error.

  "! @parameter plant             | Whose orders are to be shown or changed: M_MATE_WRK, display
  "! @raising   zcx_carbide_error | 020
  METHODS check_plant
    IMPORTING plant TYPE werks_d
    RAISING   zcx_carbide_error.
ENDINTERFACE.
