import Boot
import Foundations

/// Giving all CPUs the same memory type range registers, as the manual demands.
///
/// Firmware sets them on every CPU that it starts, and INIT must not change them; but some firmware forgets, and an emulator
/// resets them. Without them a CPU would cache nothing, or, worse, cache what the others do not.
/// Source: Intel SDM vol. 3A, 12.11.7.3 and 12.11.8.
extension MemoryTypeRegisters {
  private static let cacheDisable: UInt64 = 1 << 30
  private static let notWriteThrough: UInt64 = 1 << 29
  private static let globalPages: UInt64 = 1 << 7

  /// What the boot CPU has, once others are to start.
  private static let ofBootProcessor = BootCell<MemoryTypeRegisters>()

  private static var here: MemoryTypeRegisters {
    let features = apus_read_cpuid(1, 0).edx
    return .current(hasRanges: features & 1 << 12 != 0, hasPageAttributes: features & 1 << 16 != 0)
  }

  /// Notes what this CPU has, for those that start after it.
  static func noteBootProcessor() { ofBootProcessor.fill(here) }

  /// Gives this CPU what the boot CPU has, unless it has it already.
  ///
  /// - Context: an application processor that has just begun, interrupts off; nobody has mapped device memory through it.
  static func adoptFromBootProcessor() {
    ofBootProcessor.withValue { value in
      let present = here
      // CPUs that cannot do the same cannot be made alike; the difference is reported when they are described.
      guard present != value, present.capabilities == value.capabilities, value.capabilities != 0 else { return }
      // No line may be cached under one type and used under another: caching is off and empty in between.
      let cr0 = apus_read_cr0()
      let cr4 = apus_read_cr4()
      apus_write_cr0(cr0 & ~notWriteThrough | cacheDisable)
      apus_write_back_caches()
      apus_write_cr4(cr4 & ~globalPages)
      apus_write_cr3(apus_read_cr3())
      value.load(into: ModelSpecificRegisters(ProcessorRegisters()))
      apus_write_back_caches()
      apus_write_cr3(apus_read_cr3())
      apus_write_cr0(cr0)
      apus_write_cr4(cr4)
    }
  }

  /// Writes all registers but PAT, with the ranges off in between.
  func load(into registers: borrowing ModelSpecificRegisters<some ModelSpecificRegisterSpace>) {
    registers.modifyRangeDefault { $0.isEnabled = false }
    if ModelSpecific.RangeCapabilities(rawValue: capabilities).hasFixed {
      registers.modifyFixedRanges64K { $0 = ModelSpecific.FixedRanges(rawValue: fixed[0]) }
      for index in 0..<2 {
        registers.writeFixedRanges16K(ModelSpecific.FixedRanges(rawValue: fixed[1 + index]), at: index)
      }
      for index in 0..<8 {
        registers.writeFixedRanges4K(ModelSpecific.FixedRanges(rawValue: fixed[3 + index]), at: index)
      }
    }
    for index in 0..<rangeCount {
      registers.modifyRangeBase(at: index) { $0 = ModelSpecific.RangeBase(rawValue: bases[index]) }
      registers.modifyRangeMask(at: index) { $0 = ModelSpecific.RangeMask(rawValue: masks[index]) }
    }
    registers.modifyRangeDefault { $0 = ModelSpecific.RangeDefault(rawValue: defaultType) }
  }
}
