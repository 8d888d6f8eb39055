import Foundations
import Machine

/// The registers of a card, which those who have its terminals open use as well as its driver, until the card goes.
///
/// They belong to the kernel. Once revoked they read as all ones, as a card that is gone does, and the ports are free.
final class SharedRegisters<Space: RegisterSpace & ~Copyable> {
  private struct Contents: ~Copyable {
    var space: Space?
  }

  private let contents: SpinLock<Contents>

  init(_ space: consuming Space) { contents = SpinLock(Contents(space: consume space)) }

  /// Gives the registers up.
  func revoke() {
    contents.withLock { $0.space = nil }
  }

  func read8(at offset: Int) -> UInt8 {
    contents.withLock { contents in Self.read8(contents.space, offset) }
  }

  func write8(_ value: UInt8, at offset: Int) {
    contents.withLock { contents in Self.write8(contents.space, value, offset) }
  }

  // Their own functions, because a noncopyable value cannot be borrowed out of an optional in an expression.

  private static func read8(_ space: borrowing Space?, _ offset: Int) -> UInt8 {
    switch space {
    case .some(let space): space.read8(at: offset)
    case .none: .max
    }
  }

  private static func write8(_ space: borrowing Space?, _ value: UInt8, _ offset: Int) {
    switch space {
    case .some(let space): space.write8(value, at: offset)
    case .none: return
    }
  }
}

/// Some bytes of shared registers: one port of a card.
struct SharedWindow<Space: RegisterSpace & ~Copyable>: ByteRegisterSpace {
  let registers: SharedRegisters<Space>
  let base: Int
  let count: Int

  private func place(_ offset: Int) -> Int? {
    guard offset >= 0, offset < count else { return nil }
    return base &+ offset
  }

  func read8(at offset: Int) -> UInt8 { place(offset).map { registers.read8(at: $0) } ?? .max }
  func write8(_ value: UInt8, at offset: Int) {
    if let place = place(offset) { registers.write8(value, at: place) }
  }
}
