/// What a VT-d unit can do, as far as it matters here. Source: VT-d 4.1, sections 11.4.2 and 11.4.3.
struct VTDCapabilities: Equatable, Sendable {
  private let basic: VTD.Capabilities
  private let extended: VTD.ExtendedCapabilities

  /// What the registers say.
  init(_ basic: VTD.Capabilities, _ extended: VTD.ExtendedCapabilities) {
    (self.basic, self.extended) = (basic, extended)
  }

  /// Whether nothing answers.
  var isMissing: Bool { basic.rawValue == .max || basic.rawValue == 0 }

  /// How many domains it can tell apart.
  var domainLimit: Int { 1 << min(4 + 2 * Int(basic.domainCount), 16) }
  /// It may remember what was not there.
  var remembersAbsence: Bool { basic.remembersAbsence }
  /// Writes to tables wait in a buffer.
  var needsWriteBufferFlush: Bool { basic.needsWriteBufferFlush }
  /// It has regions that no device reaches.
  var hasProtectedMemory: Bool { basic.protectsLowMemory || basic.protectsHighMemory }
  /// Pages can be forgotten one by one.
  var forgetsPages: Bool { basic.forgetsPages }
  /// How many low bits of page numbers one invalidation may leave out.
  var largestPageMask: Int { Int(basic.largestPageMask) }
  /// It can wait for writes that were let through.
  var drainsWrites: Bool { basic.drainsWrites }
  /// It can wait for reads that were let through.
  var drainsReads: Bool { basic.drainsReads }
  /// It takes invalidations from a queue.
  var hasQueue: Bool { extended.hasQueue }
  /// It looks into the CPUs' caches.
  var isCoherent: Bool { extended.isCoherent }

  /// Where the fault records are, from the start of the registers, and how many there are.
  var faults: (offset: Int, count: Int) { (Int(basic.faultOffset) * 16, Int(basic.lastFault) + 1) }
  /// Where the registers of the translation cache are, from the start of the registers.
  var translationCacheOffset: Int { Int(extended.translationCacheOffset) * 16 }
  /// How many bytes of registers there are.
  var byteCount: Int { max(VTD.length, faults.offset + faults.count * 16, translationCacheOffset + 16) }

  /// How page tables are written: with four levels if it takes them, else three, else five; nil when it takes none of those.
  ///
  /// An entry says that it can be read and written, and, where the unit can, that accesses look into the CPUs' caches.
  var format: IOPageTableFormat? {
    let widths = basic.adjustedWidths
    let levels: Int
    if widths & 0b100 != 0 {
      levels = 4
    } else if widths & 0b10 != 0 {
      levels = 3
    } else if widths & 0b1000 != 0 {
      levels = 5
    } else {
      return nil
    }
    let readWrite: UInt64 = 0b11
    return IOPageTableFormat(
      levelCount: levels, addressBits: Int(basic.highestAddressBit) + 1,
      pageBits: extended.controlsSnooping ? readWrite | 1 << 11 : readWrite, tableBits: readWrite,
      isCoherent: isCoherent)
  }
}
