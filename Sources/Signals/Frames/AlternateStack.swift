public import Foundations
public import LinuxABI
public import Machine

/// The stack that a thread has set aside for handlers. Source: sigaltstack(2).
public struct AlternateStack: Equatable, Sendable {
  /// Fewer bytes are refused (`MINSIGSTKSZ`).
  public static let smallestByteCount: UInt64 = 2_048

  /// Its lowest address.
  public let base: UInt64
  /// How many bytes it has; 0 for none.
  public let byteCount: UInt64
  /// `SS_DISABLE`, `SS_AUTODISARM`, or what else sigaltstack(2) was given.
  public let flags: AlternateStackFlags

  /// No stack has been set aside.
  @inline(__always)
  public init() { self.init(base: 0, byteCount: 0, flags: .SS_DISABLE) }

  /// A stack as a program describes it, whatever it says.
  @inline(__always)
  public init(base: UInt64, byteCount: UInt64, flags: AlternateStackFlags) {
    (self.base, self.byteCount, self.flags) = (base, byteCount, flags)
  }

  /// A stack as the three words of a `stack_t` describe it; the flags are an int.
  @inline(__always)
  init(_ base: UInt64, flagBits: UInt64, _ byteCount: UInt64) {
    self.init(base: base, byteCount: byteCount, flags: AlternateStackFlags(rawValue: flagBits & 0xffff_ffff))
  }

  /// One past the highest address.
  @inline(__always)
  var top: UInt64 { base &+ byteCount }

  /// Whether a frame at `address` lies on the stack.
  @inline(__always)
  func holds(_ address: UInt64) -> Bool { address > base && address &- base <= byteCount }

  /// Whether a program with this stack pointer uses it. One that is put out of use by each handler is never in use itself.
  @inline(__always)
  func isInUse(_ stackPointer: UInt64) -> Bool {
    !flags.contains(.SS_AUTODISARM) && holds(stackPointer)
  }

  /// Whether a handler that wants it gets it.
  @inline(__always)
  func isFree(_ stackPointer: UInt64) -> Bool { byteCount != 0 && !isInUse(stackPointer) }

  /// What is told of it to a program with this stack pointer.
  public func described(stackPointer: UInt64) -> AlternateStack {
    let state: AlternateStackFlags = byteCount == 0 ? .SS_DISABLE : isInUse(stackPointer) ? .SS_ONSTACK : []
    return AlternateStack(
      base: base, byteCount: byteCount, flags: state.union(flags.intersection(.SS_AUTODISARM)))
  }

  /// The stack after a program with this stack pointer asked for `wanted` instead.
  ///
  /// - Throws: `EPERM` while it is in use, `EINVAL`, `ENOMEM` when it is too small.
  public func replaced(by wanted: AlternateStack, stackPointer: UInt64) throws(Errno) -> AlternateStack {
    guard !isInUse(stackPointer) else { throw .EPERM }
    let mode = wanted.flags.subtracting(.SS_AUTODISARM)
    guard mode.isEmpty || mode == .SS_DISABLE || mode == .SS_ONSTACK else { throw .EINVAL }
    guard wanted != self else { return self }
    if mode == .SS_DISABLE { return AlternateStack(base: 0, byteCount: 0, flags: wanted.flags) }
    guard wanted.byteCount >= Self.smallestByteCount else { throw .ENOMEM }
    return wanted
  }
}

extension UserPointer where Value == AlternateStack {
  /// What the program says there: a `stack_t`.
  ///
  /// - Throws: `EFAULT`.
  public func load() throws(Errno) -> AlternateStack {
    var words = InlineArray<3, UInt64>(repeating: 0)
    var span = words.mutableSpan
    try UserMemory.copyIn(from: address, into: &span)
    return AlternateStack(words[0], flagBits: words[1], words[2])
  }

  /// Tells the program.
  ///
  /// - Throws: `EFAULT`.
  public func store(_ value: AlternateStack) throws(Errno) {
    let words: InlineArray<3, UInt64> = [value.base, value.flags.rawValue, value.byteCount]
    try UserMemory.copyOut(words.span, to: address)
  }
}
