public import LinuxABI

/// What is known of a signal: the part of `siginfo_t` that has a meaning, in its own layout.
///
/// It is kept as the six words that programs see, because a program may queue words whose meaning only programs know, and gets them
/// back unchanged. What a field means depends on `layout`. Source: Linux asm-generic/siginfo.h, `struct kernel_siginfo`.
public struct SignalInformation: Equatable, Sendable {
  /// How many 64-bit words there are; the rest of the 128 bytes of a `siginfo_t` is zero.
  public static let wordCount = 6

  // si_signo and si_errno; si_code and what is between it and the fields; the fields.
  var word0, word1, word2, word3, word4, word5: UInt64

  /// The words as they are in a program's memory.
  @inline(__always)
  public init(
    _ word0: UInt64, _ word1: UInt64, _ word2: UInt64, _ word3: UInt64, _ word4: UInt64, _ word5: UInt64
  ) {
    (self.word0, self.word1, self.word2) = (word0, word1, word2)
    (self.word3, self.word4, self.word5) = (word3, word4, word5)
  }

  @inline(__always)
  init(
    _ signal: Signal, _ code: SignalCode, errorNumber: Int32 = 0, _ word2: UInt64 = 0, _ word3: UInt64 = 0,
    _ word4: UInt64 = 0, _ word5: UInt64 = 0
  ) {
    self.init(
      Self.pack(Int32(signal.rawValue), errorNumber), Self.pack(code.rawValue, 0), word2, word3, word4, word5)
  }

  /// Two fields of 32 bits in one word.
  @inline(__always)
  static func pack(_ low: Int32, _ high: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: low)) | UInt64(UInt32(bitPattern: high)) << 32
  }

  @inline(__always)
  private func low(_ word: UInt64) -> Int32 { Int32(truncatingIfNeeded: word) }
  @inline(__always)
  private func high(_ word: UInt64) -> Int32 { Int32(truncatingIfNeeded: word >> 32) }

  // MARK: Fields of all layouts

  /// `si_signo`, which a program that queued it may have set to any number.
  @inline(__always)
  public var number: Int32 { low(word0) }
  /// The signal; nil when `number` is none.
  @inline(__always)
  public var signal: Signal? { UInt8(exactly: number).flatMap(Signal.init(rawValue:)) }
  /// `si_errno`.
  public var errorNumber: Int32 { high(word0) }
  /// `si_code`.
  @inline(__always)
  public var code: SignalCode { SignalCode(rawValue: low(word1)) }

  /// The same with another `si_signo`.
  @inline(__always)
  public func numbered(_ signal: Signal) -> SignalInformation {
    var copy = self
    copy.word0 = Self.pack(Int32(signal.rawValue), errorNumber)
    return copy
  }

  // MARK: Fields of some layouts

  /// `si_pid`: who sent it, or the child. In `user`, `queued` and `child`.
  public var process: Int32 { low(word2) }
  /// `si_uid`: the real user of that process. In `user`, `queued` and `child`.
  public var user: UInt32 { UInt32(bitPattern: high(word2)) }
  /// `si_value`: a number or an address that goes with it. In `queued` and `timer`.
  public var value: UInt64 { word3 }
  /// `si_tid`: the timer's number. In `timer`.
  public var timer: Int32 { low(word2) }
  /// `si_overrun`: how often the timer expired besides. In `timer`.
  public var overrun: Int32 { high(word2) }
  /// `si_status`: an exit code or a signal's number. In `child`.
  public var status: Int32 { low(word3) }
  /// `si_utime`: hundredths of a second that the child used in its own code. In `child`.
  public var userTicks: Int64 { Int64(bitPattern: word4) }
  /// `si_stime`: the same in the kernel. In `child`.
  public var systemTicks: Int64 { Int64(bitPattern: word5) }
  /// `si_addr`: what the fault is about. In the layouts of faults.
  public var address: UInt64 { word2 }
  /// `si_addr_lsb`: of how many bits the smallest part that is known to be bad is. In `memoryFault`.
  public var addressBits: Int16 { Int16(truncatingIfNeeded: word3) }
  /// `si_band`: what a file is ready for. In `poll`.
  public var band: Int64 { Int64(bitPattern: word2) }
  /// `si_fd`: the file's descriptor. In `poll`.
  public var descriptor: Int32 { low(word3) }
  /// `si_call_addr`: where the call was made. In `systemCall`.
  public var callAddress: UInt64 { word2 }
  /// `si_syscall`: the call's number. In `systemCall`.
  public var callNumber: Int32 { low(word3) }
  /// `si_arch`: in which way the call was made. In `systemCall`.
  public var callArchitecture: UInt32 { UInt32(bitPattern: high(word3)) }
}
