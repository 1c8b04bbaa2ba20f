"! Operations by the object that they change
CLASS zcl_carbide_operations DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    INTERFACES zif_carbide_operations.
ENDCLASS.

CLASS zcl_carbide_operations IMPLEMENTATION.
  METHOD zif_carbide_operations~get.
    CASE operation.
      WHEN zcl_carbide_operation_catalog=>known-create_planned_order
          OR zcl_carbide_operation_catalog=>known-change_planned_order
          OR zcl_carbide_operation_catalog=>known-delete_planned_order.
        result = NEW zcl_carbide_planned_order( ).
      WHEN zcl_carbide_operation_catalog=>known-post_document
          OR zcl_carbide_operation_catalog=>known-reverse_document.
        result = NEW zcl_carbide_document( NEW zcl_carbide_line_store( ) ).
      WHEN zcl_carbide_operation_catalog=>known-mark_journal.
        result = NEW zcl_carbide_journal_mark( ).
      WHEN OTHERS.
        result = NEW zcl_carbide_key_figure( ).
    ENDCASE.
  ENDMETHOD.
ENDCLASS.
