CLASS cl_system_uuid DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    TYPES uuid_c32 TYPE c LENGTH 32.
    CLASS-METHODS create_uuid_c32_static
      RETURNING VALUE(uuid) TYPE uuid_c32
      RAISING   cx_uuid_error.
ENDCLASS.

CLASS cl_system_uuid IMPLEMENTATION.
  METHOD create_uuid_c32_static.
    WRITE '@KERNEL const { randomUUID } = await import("node:crypto");'.
    WRITE '@KERNEL uuid.set(randomUUID().replaceAll("-", "").toUpperCase());'.
  ENDMETHOD.
ENDCLASS.
