"! AUTHORITY-CHECK for the user of this session
CLASS zcl_carbide_right DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    INTERFACES zif_carbide_right.
ENDCLASS.

CLASS zcl_carbide_right IMPLEMENTATION.
  METHOD zif_carbide_right~ask.
    AUTHORITY-CHECK OBJECT right-object ID right-field FIELD right-value.
    result = SWITCH #( sy-subrc WHEN 0 THEN zif_carbide_right=>answer-has
                                WHEN 4 OR 12 THEN zif_carbide_right=>answer-has_not
                                ELSE zif_carbide_right=>answer-unknown ).
  ENDMETHOD.
ENDCLASS.
