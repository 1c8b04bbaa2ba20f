"! The LUW of one call
INTERFACE zif_carbide_transaction PUBLIC.
  "! Waits for the update task
  "! @parameter result | Whether everything that was registered is written; if not, nothing is
  METHODS commit
    RETURNING VALUE(result) TYPE abap_bool.

  "! Forgets everything that was registered
  METHODS roll_back.
ENDINTERFACE.
