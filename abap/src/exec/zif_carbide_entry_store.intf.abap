"! Table ZCARBIDE_ENTRY: which entry keys ran, and which never will
INTERFACE zif_carbide_entry_store PUBLIC.
  CONSTANTS:
    BEGIN OF status,
      executed   TYPE zcarbide_status VALUE 'EXECUTED',
      tombstoned TYPE zcarbide_status VALUE 'TOMBSTONED',
      absent     TYPE zcarbide_status VALUE 'ABSENT',
    END OF status.

  "! @parameter result | Initial if the key was never used
  METHODS find
    IMPORTING entry_key     TYPE zcarbide_entry_key
    RETURNING VALUE(result) TYPE zcarbide_entry.

  "! Registers the row for the update task: it is written with the document or not at all
  METHODS insert
    IMPORTING entry TYPE zcarbide_entry.
ENDINTERFACE.
