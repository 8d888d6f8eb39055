import Boot
import Foundations
import Synchronization

/// A range of I/O ports that one driver owns.
///
/// Ports are claimed, so two drivers never share one, and given back when the value goes, or by `claim` when whoever has the value is
/// lost. Ports through which memory could
/// be overwritten or exceptions be feigned (the ISA DMA controllers, PCI configuration, the 8259s) cannot be claimed; Machine
/// keeps them.
public struct PortSpace: RegisterSpace, ~Copyable {
  private let base: UInt16
  private let count: Int
  /// On whose behalf they are out: what gives them back, also without this value.
  public let claim: PortClaim

  /// Claims `count` ports from `base` on.
  ///
  /// - Returns: nil when the range is empty, passes port 0xffff, is claimed already or is kept by Machine, and without memory to note it.
  /// - Context: any without locks.
  public static func claim(base: UInt16, count: Int) -> PortSpace? {
    guard count > 0, count <= 0x1_0000 - Int(base), !PortClaims.isReserved(base: base, count: count),
      let claim = PortClaims.claim(base: base, count: count)
    else { return nil }
    return PortSpace(base: base, count: count, claim)
  }

  /// Claims the eight ports of PCI configuration mechanism #1, from 0xcf8 on, for the owner of all PCI functions.
  ///
  /// Who has them can point devices at memory, as who has configuration space in memory can. So there is one owner, the PCI
  /// module, and drivers get functions from it.
  ///
  /// - Returns: nil when they are claimed already.
  public static func claimPCIConfiguration() -> PortSpace? {
    let (base, count) = (PortClaims.configuration.lowerBound, PortClaims.configuration.count)
    guard let claim = PortClaims.claim(base: base, count: count) else { return nil }
    return PortSpace(base: base, count: count, claim)
  }

  private init(base: UInt16, count: Int, _ claim: PortClaim) {
    self.base = base
    self.count = count
    self.claim = claim
  }

  deinit { claim.release() }

  @inline(__always)
  private func port(_ offset: Int, width: Int) -> UInt16? {
    guard offset >= 0, offset &+ width <= count else { return nil }
    return base &+ UInt16(truncatingIfNeeded: offset)
  }

  /// Reads a byte.
  @inline(__always)
  public func read8(at offset: Int) -> UInt8 { port(offset, width: 1).map { apus_in8($0) } ?? .max }
  /// Reads two bytes.
  @inline(__always)
  public func read16(at offset: Int) -> UInt16 { port(offset, width: 2).map { apus_in16($0) } ?? .max }
  /// Reads four bytes.
  @inline(__always)
  public func read32(at offset: Int) -> UInt32 { port(offset, width: 4).map { apus_in32($0) } ?? .max }
  /// Reads all ones: there is no 64-bit port access.
  public func read64(at offset: Int) -> UInt64 { .max }
  /// Writes a byte.
  @inline(__always)
  public func write8(_ value: UInt8, at offset: Int) {
    if let port = port(offset, width: 1) { apus_out8(port, value) }
  }
  /// Writes two bytes.
  @inline(__always)
  public func write16(_ value: UInt16, at offset: Int) {
    if let port = port(offset, width: 2) { apus_out16(port, value) }
  }
  /// Writes four bytes.
  @inline(__always)
  public func write32(_ value: UInt32, at offset: Int) {
    if let port = port(offset, width: 4) { apus_out32(port, value) }
  }
  /// Does nothing: there is no 64-bit port access.
  public func write64(_ value: UInt64, at offset: Int) {}
}

/// Ports that Machine keeps for itself.
struct ReservedPortSpace: RegisterSpace, ~Copyable {
  let base: UInt16

  private func port(_ offset: Int) -> UInt16 { base &+ UInt16(truncatingIfNeeded: offset) }

  func read8(at offset: Int) -> UInt8 { apus_in8(port(offset)) }
  func read16(at offset: Int) -> UInt16 { apus_in16(port(offset)) }
  func read32(at offset: Int) -> UInt32 { apus_in32(port(offset)) }
  func read64(at offset: Int) -> UInt64 { .max }
  func write8(_ value: UInt8, at offset: Int) { apus_out8(port(offset), value) }
  func write16(_ value: UInt16, at offset: Int) { apus_out16(port(offset), value) }
  func write32(_ value: UInt32, at offset: Int) { apus_out32(port(offset), value) }
  func write64(_ value: UInt64, at offset: Int) {}
}

/// The ports as the firmware's own code reaches them: whoever owns them, for firmware knows what it shares.
public enum FirmwarePorts {
  /// Reads `width` bytes, 1, 2 or 4.
  ///
  /// - Throws: `EPERM` for ports that Machine keeps, `EINVAL` for another width or past port 0xffff.
  public static func read(at address: UInt64, width: Int) throws(Errno) -> UInt32 {
    let port = try port(address, width)
    switch width {
    case 1: return UInt32(apus_in8(port))
    case 2: return UInt32(apus_in16(port))
    default: return apus_in32(port)
    }
  }

  /// Writes `width` bytes, 1, 2 or 4, as `read` reads them.
  public static func write(_ value: UInt32, at address: UInt64, width: Int) throws(Errno) {
    let port = try port(address, width)
    switch width {
    case 1: apus_out8(port, UInt8(truncatingIfNeeded: value))
    case 2: apus_out16(port, UInt16(truncatingIfNeeded: value))
    default: apus_out32(port, value)
    }
  }

  private static func port(_ address: UInt64, _ width: Int) throws(Errno) -> UInt16 {
    guard width == 1 || width == 2 || width == 4, address <= UInt64(0x1_0000 - width) else { throw .EINVAL }
    let port = UInt16(truncatingIfNeeded: address)
    guard !PortClaims.isReserved(base: port, count: width) else { throw .EPERM }
    return port
  }
}

/// A claim of ports, for the record: no two are ever the same.
public struct PortClaim: Equatable, Sendable {
  fileprivate let number: UInt64

  /// Whether the ports are still claimed by it.
  public var isHeld: Bool { PortClaims.isHeld(number) }

  /// Gives the ports back, unless that has been done; whoever has claimed them since keeps them.
  ///
  /// - Context: any without locks; nobody uses the `PortSpace` any more.
  public func release() { PortClaims.release(number) }
}

/// Which ports have an owner.
///
/// There are some dozens of claims at most, so a list of them is looked through.
private enum PortClaims {
  private struct Entry {
    var ports: Range<Int>
    var number: UInt64
  }

  private struct State: ~Copyable {
    var entries = GrowableArray<Entry>()
    var lastNumber: UInt64 = 0
  }

  private static let state = SpinLock(State())
  /// PCI configuration mechanism #1.
  static var configuration: Range<UInt16> { 0xcf8..<0xd00 }

  /// The 8237 DMA controllers and their page registers, the 8259s, and PCI configuration mechanism #1.
  static func isReserved(base: UInt16, count: Int) -> Bool {
    let wanted = Int(base)..<Int(base) + count
    return wanted.overlaps(0x00..<0x22) || wanted.overlaps(0xa0..<0xa2) || wanted.overlaps(0x81..<0x90)
      || wanted.overlaps(0xc0..<0xe0)
      || wanted.overlaps(Int(configuration.lowerBound)..<Int(configuration.upperBound))
  }

  /// Claims them all, or none.
  static func claim(base: UInt16, count: Int) -> PortClaim? {
    let wanted = Int(base)..<Int(base) + count
    // The list is the kernel's, whoever is the one for whom it grows.
    return Containment.outside {
      state.withLock { state in
        for index in 0..<state.entries.count where state.entries[index].ports.overlaps(wanted) { return nil }
        state.lastNumber += 1
        do throws(Errno) { try state.entries.append(Entry(ports: wanted, number: state.lastNumber)) } catch {
          return nil
        }
        return PortClaim(number: state.lastNumber)
      }
    }
  }

  static func isHeld(_ number: UInt64) -> Bool {
    state.withLock { state in
      for index in 0..<state.entries.count where state.entries[index].number == number { return true }
      return false
    }
  }

  static func release(_ number: UInt64) {
    Containment.outside {
      state.withLock { state in
        for index in 0..<state.entries.count where state.entries[index].number == number {
          _ = state.entries.remove(at: index)
          return
        }
      }
    }
  }
}
