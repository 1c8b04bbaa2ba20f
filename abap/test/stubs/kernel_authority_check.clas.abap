CLASS kernel_authority_check DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    CLASS-METHODS call
      IMPORTING object TYPE any OPTIONAL.
ENDCLASS.

CLASS kernel_authority_check IMPLEMENTATION.
  METHOD call.
    " The test says who may do what
    WRITE '@KERNEL const granted = abap.authority ? abap.authority(INPUT) : true;'.
    WRITE '@KERNEL abap.builtin.sy.get().subrc.set(granted ? 0 : 4);'.
  ENDMETHOD.
ENDCLASS.
