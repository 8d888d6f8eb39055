import Boot
import PageFrames

/// The instructions that change what the CPU's TLB holds; on the host, a simulated CPU that has one.
enum TranslationHardware {
  /// What becomes of the translations that the TLB has under the identifier of the root that is loaded.
  enum LoadMode {
    /// They are up to date.
    case keepingTranslations
    case droppingTranslations
  }

  private static let cr4ProcessIdentifiers: UInt64 = 1 << 17
  private static let cr4GlobalPages: UInt64 = 1 << 7
  /// Bit 63 of a value for CR3: no translation is dropped.
  private static let keep: UInt64 = 1 << 63

  /// Turns process-context identifiers on, if the CPU has them. Source: Intel SDM vol. 3A, 4.10.1.
  ///
  /// - Precondition: the identifier in force is 0, as it is until this has run.
  /// - Returns: whether they are on.
  static func enableIdentifiers() -> Bool {
    #if os(none)
      guard apus_read_cpuid(1, 0).ecx & 1 << 17 != 0 else { return false }
      ControlRegister.cr4 |= cr4ProcessIdentifiers
      return true
    #else
      // SAFETY: one test at a time has the simulated CPU.
      return unsafe SimulatedProcessor.hasIdentifiers
    #endif
  }

  /// Makes `root` the tables that addresses are translated by.
  ///
  /// - Parameter identifier: 0 on a CPU without identifiers.
  @inline(__always)
  static func load(_ root: FrameNumber, identifier: UInt16, _ mode: LoadMode) {
    #if os(none)
      // Without identifiers bit 63 is reserved; nothing is ever kept then.
      let kept = mode == .keepingTranslations ? keep : 0
      ControlRegister.cr3 = root.address | UInt64(identifier) | kept
    #else
      SimulatedProcessor.load(root, identifier: identifier, isKeeping: mode == .keepingTranslations)
    #endif
  }

  /// Drops the translations of `pages` under the identifier in force.
  @inline(__always)
  static func invalidate(_ pages: PageRanges) {
    for index in 0..<pages.count {
      var address = pages[index].lowerBound
      while address < pages[index].upperBound {
        #if os(none)
          apus_invalidate_page(address)
        #else
          SimulatedProcessor.invalidate(page: address)
        #endif
        address &+= 4096
      }
    }
  }

  /// Drops all translations under the identifier in force but global ones, which programs have none of.
  ///
  /// By writing CR3 anew: INVPCID of the one identifier is no faster and not every CPU with identifiers has it.
  @inline(__always)
  static func invalidateEverything() {
    #if os(none)
      ControlRegister.cr3 = ControlRegister.cr3
    #else
      SimulatedProcessor.invalidateEverything()
    #endif
  }

  /// Drops all translations under all identifiers, global ones too. Source: Intel SDM vol. 3A, 4.10.4.1.
  static func invalidateGlobally() {
    #if os(none)
      let cr4 = ControlRegister.cr4
      ControlRegister.cr4 = cr4 & ~cr4GlobalPages
      ControlRegister.cr4 = cr4
    #endif
  }
}
