"! Table ZCARBIDE_ENTRY
CLASS zcl_carbide_entry_store DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    INTERFACES zif_carbide_entry_store.
ENDCLASS.

CLASS zcl_carbide_entry_store IMPLEMENTATION.
  METHOD zif_carbide_entry_store~find.
    SELECT SINGLE * FROM zcarbide_entry
      WHERE entry_key = @entry_key
      INTO @result.
    IF sy-subrc <> 0.
      CLEAR result.
    ENDIF.
  ENDMETHOD.

  METHOD zif_carbide_entry_store~insert.
    " The BAPIs write in the update task. A row written here and now would stay if that task broke off.
    CALL FUNCTION 'Z_CARBIDE_ENTRY_INSERT' IN UPDATE TASK
      EXPORTING
        entry = entry.
  ENDMETHOD.
ENDCLASS.
