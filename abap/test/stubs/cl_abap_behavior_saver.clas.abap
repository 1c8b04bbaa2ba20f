CLASS cl_abap_behavior_saver DEFINITION PUBLIC ABSTRACT CREATE PUBLIC.
  PROTECTED SECTION.
    METHODS finalize.
    METHODS check_before_save.
    METHODS save.
    METHODS cleanup.
ENDCLASS.

CLASS cl_abap_behavior_saver IMPLEMENTATION.
  METHOD finalize.
    RETURN.
  ENDMETHOD.

  METHOD check_before_save.
    RETURN.
  ENDMETHOD.

  METHOD save.
    RETURN.
  ENDMETHOD.

  METHOD cleanup.
    RETURN.
  ENDMETHOD.
ENDCLASS.
