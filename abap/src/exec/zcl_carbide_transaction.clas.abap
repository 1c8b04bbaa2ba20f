"! Commit and rollback as BAPIs want them: their buffers are emptied as well
CLASS zcl_carbide_transaction DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    INTERFACES zif_carbide_transaction.
ENDCLASS.

CLASS zcl_carbide_transaction IMPLEMENTATION.
  METHOD zif_carbide_transaction~commit.
    DATA return TYPE bapiret2.
    CALL FUNCTION 'BAPI_TRANSACTION_COMMIT'
      EXPORTING
        wait   = abap_true
      IMPORTING
        return = return.
    result = xsdbool( zcl_carbide_message=>is_refusal( VALUE #( ( return ) ) ) = abap_false ).
  ENDMETHOD.

  METHOD zif_carbide_transaction~roll_back.
    CALL FUNCTION 'BAPI_TRANSACTION_ROLLBACK'.
  ENDMETHOD.
ENDCLASS.
