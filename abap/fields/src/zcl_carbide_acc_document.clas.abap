"! BAdI BADI_ACC_DOCUMENT: what EXTENSION2 says of the carbon of a line goes into the line.
"! Documents without rows of structure ZCARBIDE pass untouched.
CLASS zcl_carbide_acc_document DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    INTERFACES if_badi_interface.
    INTERFACES if_ex_acc_document.
ENDCLASS.

CLASS zcl_carbide_acc_document IMPLEMENTATION.
  METHOD if_ex_acc_document~change.
    NEW zcl_carbide_line_fields( )->fill( EXPORTING extension = c_extension2
                                          CHANGING  lines     = c_accit
                                                    messages  = c_return ).
  ENDMETHOD.

  METHOD if_ex_acc_document~fill_accit.
    " Lines of other kinds carry nothing of ours
    RETURN.
  ENDMETHOD.
ENDCLASS.
