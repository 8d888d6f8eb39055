/// What reading a signalfd gives of a signal: `struct signalfd_siginfo`. Source: signalfd(2); Linux linux/signalfd.h.
public struct SignalDescriptorRecord {
  /// Its size.
  public static let byteCount = 128

  private let information: SignalInformation

  /// The record of a signal.
  public init(_ information: SignalInformation) { self.information = information }

  /// The record as words; what does not apply is zero.
  public var words: InlineArray<16, UInt64> {
    var words = InlineArray<16, UInt64>(repeating: 0)
    // ssi_signo and ssi_errno.
    words[0] = SignalInformation.pack(information.number, information.errorNumber)
    words[1] = SignalInformation.pack(information.code.rawValue, 0)
    switch information.layout {
    case .user: putSender(&words)
    case .queued:
      putSender(&words)
      putValue(&words)
    case .timer:
      // ssi_tid, ssi_overrun.
      words[3] = UInt64(UInt32(bitPattern: information.timer))
      words[4] = UInt64(UInt32(bitPattern: information.overrun))
      putValue(&words)
    case .child:
      putSender(&words)
      words[5] = UInt64(UInt32(bitPattern: information.status))
      words[7] = UInt64(bitPattern: information.userTicks)
      words[8] = UInt64(bitPattern: information.systemTicks)
    case .fault, .boundsFault, .keyFault, .eventFault: words[9] = information.address
    case .memoryFault:
      words[9] = information.address
      words[10] = UInt64(UInt16(bitPattern: information.addressBits))
    case .poll:
      // ssi_fd behind ssi_uid, ssi_band behind ssi_tid.
      words[2] = SignalInformation.pack(0, information.descriptor)
      words[3] = SignalInformation.pack(0, Int32(truncatingIfNeeded: information.band))
    case .systemCall:
      words[10] = SignalInformation.pack(0, information.callNumber)
      words[11] = information.callAddress
      words[12] = UInt64(information.callArchitecture)
    }
    return words
  }

  /// ssi_pid, in the second half of a word, and ssi_uid.
  private func putSender(_ words: inout InlineArray<16, UInt64>) {
    words[1] |= SignalInformation.pack(0, information.process)
    words[2] = UInt64(information.user)
  }

  /// ssi_int, in the second half of a word, and ssi_ptr.
  private func putValue(_ words: inout InlineArray<16, UInt64>) {
    words[5] = SignalInformation.pack(0, Int32(truncatingIfNeeded: information.value))
    words[6] = information.value
  }
}
