"! Table ZCARBIDE_LEASE
CLASS zcl_carbide_lease_store DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    INTERFACES zif_carbide_lease_store.
  PRIVATE SECTION.
    "! There is one lease in a client: the fence has to be one sequence
    CONSTANTS the_lease TYPE zcarbide_lease-lease_id VALUE 'WRITER'.
ENDCLASS.

CLASS zcl_carbide_lease_store IMPLEMENTATION.
  METHOD zif_carbide_lease_store~read.
    SELECT SINGLE * FROM zcarbide_lease
      WHERE lease_id = @the_lease
      INTO @result.
    IF sy-subrc <> 0.
      CLEAR result.
    ENDIF.
  ENDMETHOD.

  METHOD zif_carbide_lease_store~save.
    DATA(row) = lease.
    row-lease_id = the_lease.
    MODIFY zcarbide_lease FROM @row ##SUBRC_OK.
  ENDMETHOD.
ENDCLASS.
