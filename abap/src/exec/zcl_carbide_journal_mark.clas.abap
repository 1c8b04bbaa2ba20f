"! How far a journal has come: nothing is done but the entry, under which an older copy of the journal,
"! or a second one, finds out that it is not the newest
CLASS zcl_carbide_journal_mark DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    INTERFACES zif_carbide_operation.
ENDCLASS.

CLASS zcl_carbide_journal_mark IMPLEMENTATION.
  METHOD zif_carbide_operation~run.
    result-object_number = payload->get( name = `CHANGE_SET`
                                         row  = 0 ).
  ENDMETHOD.
ENDCLASS.
