public import Foundations
public import LinuxABI
public import Machine

/// What a process wants done about a signal: `struct sigaction` as the kernel has it. Source: sigaction(2).
public struct SignalDisposition: Equatable, Sendable {
  /// Bytes of the structure.
  public static let byteCount = 32

  /// The address of the handler, or what stands for one: `SignalHandler`.
  public var handler: UInt64
  /// The bits of `SignalActionFlags`.
  public var flagBits: UInt64
  /// Where a handler returns to.
  public var restorer: UInt64
  /// What is blocked besides while the handler runs.
  public var mask: SignalSet

  /// Describes what is to be done.
  @inline(__always)
  public init(handler: UInt64, flags: SignalActionFlags, restorer: UInt64, mask: SignalSet) {
    (self.handler, flagBits, self.restorer, self.mask) = (handler, flags.rawValue, restorer, mask)
  }

  /// What the four words of a structure say.
  @inline(__always)
  public init(words: Span<UInt64>) {
    self.init(
      handler: words[0], flags: SignalActionFlags(rawValue: words[1]), restorer: words[2],
      mask: SignalSet(rawValue: words[3]))
  }

  /// What a signal does by itself.
  @inline(__always)
  public static var standard: SignalDisposition {
    SignalDisposition(handler: 0, flags: [], restorer: 0, mask: [])
  }

  /// Nothing is to be done.
  @inline(__always)
  public static var ignored: SignalDisposition { SignalDisposition(handler: 1, flags: [], restorer: 0, mask: []) }

  /// How the handler is called.
  @inline(__always)
  public var flags: SignalActionFlags { SignalActionFlags(rawValue: flagBits) }
  /// Whether the signal does what it does by itself (`SIG_DFL`).
  @inline(__always)
  public var isStandard: Bool { handler == 0 }
  /// Whether nothing is done (`SIG_IGN`).
  @inline(__always)
  public var isIgnored: Bool { handler == 1 }
  /// Whether a handler is called.
  @inline(__always)
  public var isCaught: Bool { handler > 1 }

  /// Whether `signal` goes away without a trace: it is ignored, or does nothing by itself.
  @inline(__always)
  public func discards(_ signal: Signal) -> Bool {
    isIgnored || isStandard && signal.hasNoEffectByItself
  }

  /// The disposition that a program gave, without what the kernel does not know or allow.
  ///
  /// A flag that is not known is left out and not refused: that is how programs find out. Source: sigaction(2),
  /// `SA_UNSUPPORTED`.
  @inline(__always)
  var accepted: SignalDisposition {
    var accepted = self
    accepted.flagBits &= Self.knownFlags.rawValue
    accepted.mask = mask.catchable
    return accepted
  }

  private static var knownFlags: SignalActionFlags {
    [
      .SA_NOCLDSTOP, .SA_NOCLDWAIT, .SA_SIGINFO, .SA_EXPOSE_TAGBITS, .SA_RESTORER, .SA_ONSTACK, .SA_RESTART,
      .SA_NODEFER, .SA_RESETHAND,
    ]
  }
}

extension Signal {
  /// Whether nothing happens when it is delivered to a process that does not handle it. One that continues has done so when it
  /// was sent.
  @inline(__always)
  var hasNoEffectByItself: Bool { defaultAction == .ignore || defaultAction == .continue }
}

extension UserPointer where Value == SignalDisposition {
  /// What the program says there.
  ///
  /// - Throws: `EFAULT`.
  @inline(__always)
  public func load() throws(Errno) -> SignalDisposition {
    try withWords { words in SignalDisposition(words: words) }
  }

  /// Runs `body` with the words of what the program says there, which `SignalDisposition` is made of.
  ///
  /// - Throws: `EFAULT`, and what `body` throws.
  @inline(__always)
  public func withWords<Answer>(_ body: (Span<UInt64>) throws(Errno) -> Answer) throws(Errno) -> Answer {
    try UserWords.withCopy(SignalDisposition.byteCount / 8, from: address, body)
  }

  /// Tells the program.
  ///
  /// - Throws: `EFAULT`.
  @inline(__always)
  public func store(_ value: SignalDisposition) throws(Errno) {
    let words: InlineArray<4, UInt64> = [value.handler, value.flagBits, value.restorer, value.mask.rawValue]
    try UserMemory.copyOut(words.span, to: address)
  }
}
