"! Application log, transaction SLG1, object ZCARBIDE
INTERFACE zif_carbide_log PUBLIC.
  CONSTANTS:
    BEGIN OF subobject,
      exec    TYPE balsubobj VALUE 'EXEC',
      cancel  TYPE balsubobj VALUE 'CANCEL',
      lease   TYPE balsubobj VALUE 'LEASE',
      plan    TYPE balsubobj VALUE 'PLAN',
      reading TYPE balsubobj VALUE 'READING',
    END OF subobject.

  "! Writes on a database connection of its own, so that a rollback keeps the entry
  "! @parameter subobject   | See the constants
  "! @parameter external_id | Entry key, lease holder or table: what people search by
  "! @parameter messages    | What happened
  METHODS write
    IMPORTING subobject   TYPE balsubobj
              external_id TYPE csequence
              messages    TYPE bapiret2_t.
ENDINTERFACE.
