CLASS cl_abap_message_digest DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    CLASS-METHODS calculate_hash_for_raw
      IMPORTING if_algorithm  TYPE string DEFAULT 'SHA1'
                if_data       TYPE xstring
                if_length     TYPE i DEFAULT 0
      EXPORTING ef_hashstring TYPE string
      RAISING   cx_abap_message_digest.
ENDCLASS.

CLASS cl_abap_message_digest IMPLEMENTATION.
  METHOD calculate_hash_for_raw.
    WRITE '@KERNEL const { createHash } = await import("node:crypto");'.
    WRITE '@KERNEL const digest = createHash(if_algorithm.get().toLowerCase()).update(Buffer.from(if_data.get(), "hex"));'.
    WRITE '@KERNEL ef_hashstring.set(digest.digest("hex").toUpperCase());'.
  ENDMETHOD.
ENDCLASS.
