"! The real parts behind the function modules
CLASS zcl_carbide_factory DEFINITION PUBLIC FINAL CREATE PRIVATE.
  PUBLIC SECTION.
    "! @parameter result | Executes, cancels and looks up entries in this client
    CLASS-METHODS execution
      RETURNING VALUE(result) TYPE REF TO zcl_carbide_execution.
    "! @parameter result | The one lease of this client
    CLASS-METHODS lease
      RETURNING VALUE(result) TYPE REF TO zcl_carbide_lease.
    "! @parameter result | Carbon of planned orders in this client
    CLASS-METHODS plan
      RETURNING VALUE(result) TYPE REF TO zcl_carbide_plan.
    "! @parameter result | Rights of the caller
    CLASS-METHODS rights
      RETURNING VALUE(result) TYPE REF TO zcl_carbide_rights.
  PRIVATE SECTION.
    "! Of the package that is imported apart, so it is known by its name only
    CONSTANTS order_fields_class TYPE string VALUE `ZCL_CARBIDE_ORDER_FIELDS`.

    "! @parameter result | Not bound if the fields of planned orders were not imported
    CLASS-METHODS order_fields
      RETURNING VALUE(result) TYPE REF TO zif_carbide_order_fields.
ENDCLASS.

CLASS zcl_carbide_factory IMPLEMENTATION.
  METHOD execution.
    DATA environment TYPE zcl_carbide_execution=>parts.
    environment-entries = NEW zcl_carbide_entry_store( ).
    environment-leases = NEW zcl_carbide_lease_store( ).
    environment-locks = NEW zcl_carbide_lock( ).
    environment-transaction = NEW zcl_carbide_transaction( ).
    environment-operations = NEW zcl_carbide_operations( ).
    environment-documents = NEW zcl_carbide_document_number( ).
    environment-authority = NEW zcl_carbide_authority( ).
    environment-clock = NEW zcl_carbide_clock( ).
    environment-log = NEW zcl_carbide_log( ).
    result = NEW #( environment ).
  ENDMETHOD.

  METHOD lease.
    DATA environment TYPE zcl_carbide_lease=>parts.
    environment-leases = NEW zcl_carbide_lease_store( ).
    environment-locks = NEW zcl_carbide_lock( ).
    environment-transaction = NEW zcl_carbide_transaction( ).
    environment-authority = NEW zcl_carbide_authority( ).
    environment-clock = NEW zcl_carbide_clock( ).
    environment-log = NEW zcl_carbide_log( ).
    result = NEW #( environment ).
  ENDMETHOD.

  METHOD plan.
    DATA environment TYPE zcl_carbide_plan=>parts.
    environment-store = NEW zcl_carbide_plan_store( ).
    environment-authority = NEW zcl_carbide_authority( ).
    environment-clock = NEW zcl_carbide_clock( ).
    environment-transaction = NEW zcl_carbide_transaction( ).
    environment-fields = order_fields( ).
    result = NEW #( environment ).
  ENDMETHOD.

  METHOD order_fields.
    TRY.
        CREATE OBJECT result TYPE (order_fields_class).
      CATCH cx_sy_create_object_error.
        CLEAR result.
    ENDTRY.
  ENDMETHOD.

  METHOD rights.
    result = NEW #( authority = NEW zcl_carbide_authority( )
                    right     = NEW zcl_carbide_right( ) ).
  ENDMETHOD.
ENDCLASS.
