# mw_embed(TARGET SYMBOL FILE): puts the bytes of FILE into TARGET, for C to read as
#
#     extern const unsigned char mw_asset_SYMBOL[];
#     extern const size_t mw_asset_SYMBOL_size;
#
# A zero byte follows the last one (it isn't counted), so that text can be used as a C string.
function(mw_embed target symbol file)
  set(assembly ${CMAKE_BINARY_DIR}/embed/${symbol}.S)
  file(CONFIGURE OUTPUT ${assembly} @ONLY CONTENT [[
    .section .rodata
    .global mw_asset_@symbol@
    .global mw_asset_@symbol@_size
    .balign 16
mw_asset_@symbol@:
    .incbin "@file@"
end:
    .byte 0
    .balign 8
mw_asset_@symbol@_size:
    .quad end - mw_asset_@symbol@
    .section .note.GNU-stack, "", %progbits
]])
  set_source_files_properties(${assembly} PROPERTIES OBJECT_DEPENDS ${file})
  target_sources(${target} PRIVATE ${assembly})
endfunction()
