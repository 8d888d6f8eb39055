import Boot

/// Where the kernel image lies, by the linker script.
public enum ImageLayout {
  static let virtualOffset = UInt64(APUS_IMAGE_OFFSET)

  /// The code, read and execute.
  public static var text: Range<UInt64> { apus_text_start_address()..<apus_text_end_address() }
  /// Constants, read only.
  public static var constants: Range<UInt64> { apus_rodata_start_address()..<apus_rodata_end_address() }
  /// Variables, zeroed storage and the boot stacks, read and write.
  public static var data: Range<UInt64> { apus_data_start_address()..<apus_data_end_address() }
  /// The symbol table, read only; its length is in its own header.
  static var symbolsStart: UInt64 { apus_symbols_start_address() }

  /// Every byte of the image that was loaded, as physical addresses.
  public static var physical: Range<UInt64> {
    0x10_0000..<(symbolsStart + UInt64(SymbolTableBytes.loadedByteCount) - virtualOffset)
  }

  /// The stack that the boot CPU runs on, without its guard page.
  public static var bootStack: Range<UInt64> { apus_boot_stack_address()..<apus_boot_stack_top_address() }

  /// The guard page that holds `address`, if one does: what a stack overflow runs into.
  public static func guardPage(containing address: UInt64) -> Range<UInt64>? {
    let boot = apus_boot_stack_address() - UInt64(APUS_GUARD_SIZE)
    if address >= boot && address < apus_boot_stack_address() { return boot..<apus_boot_stack_address() }
    for index in 0..<InterruptStack.count {
      let page = InterruptStack.guardPage(index)
      if address >= page && address < page + InterruptStack.guardSize {
        return page..<(page + InterruptStack.guardSize)
      }
    }
    return nil
  }

  /// The kernel stack that holds `address`, if one does.
  public static func stack(containing address: UInt64) -> Range<UInt64>? {
    if bootStack.contains(address) { return bootStack }
    for index in 0..<InterruptStack.count {
      let bottom = InterruptStack.guardPage(index) + InterruptStack.guardSize
      if address >= bottom && address < bottom + InterruptStack.size { return bottom..<(bottom + InterruptStack.size) }
    }
    return nil
  }
}
