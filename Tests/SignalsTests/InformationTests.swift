import Foundations
import LinuxABI
import Testing

@testable import Signals

@Suite("What is known of a signal")
struct InformationTests {
  /// The bytes of a `siginfo_t`.
  private func bytes(_ information: SignalInformation) -> [UInt8] {
    var words = InlineArray<16, UInt64>(repeating: 0)
    var span = words.mutableSpan
    information.put(&span, at: 0)
    return words.bytes
  }

  private func number<Value: FixedWidthInteger>(_ bytes: [UInt8], _ offset: Int, as type: Value.Type) -> Value {
    (0..<Value.bitWidth / 8).reduce(0) { $0 | Value(truncatingIfNeeded: bytes[offset + $1]) << Value($1 * 8) }
  }

  private func head(_ information: SignalInformation) -> [Int32] {
    let bytes = bytes(information)
    return [number(bytes, 0, as: Int32.self), number(bytes, 4, as: Int32.self), number(bytes, 8, as: Int32.self)]
  }

  // Offsets are those of the C structures, as a compiler gives them.

  @Test("each layout has its fields where C programs look for them")
  func layouts() {
    let sent = SignalInformation.sent(.SIGTERM, process: 77, user: 1_000)
    #expect(head(sent) == [15, 0, 0] && sent.layout == .user)
    #expect(number(bytes(sent), 16, as: Int32.self) == 77 && number(bytes(sent), 20, as: UInt32.self) == 1_000)
    #expect(sent.process == 77 && sent.user == 1_000)

    let toThread = SignalInformation.sent(.SIGUSR1, .thread, process: -1, user: .max)
    #expect(head(toThread) == [10, 0, -6] && toThread.layout == .queued)
    #expect(toThread.process == -1 && toThread.user == .max)

    let queued = SignalInformation.queued(.SIGUSR2, process: 3, user: 4, value: 0x1122_3344_5566_7788)
    #expect(head(queued) == [12, 0, -1] && queued.layout == .queued)
    #expect(number(bytes(queued), 24, as: UInt64.self) == 0x1122_3344_5566_7788)

    let timer = SignalInformation.timer(.SIGALRM, timer: 5, overrun: 6, value: 7)
    #expect(head(timer) == [14, 0, -2] && timer.layout == .timer)
    #expect(number(bytes(timer), 16, as: Int32.self) == 5 && number(bytes(timer), 20, as: Int32.self) == 6)
    #expect(number(bytes(timer), 24, as: UInt64.self) == 7)

    let child = SignalInformation.child(
      .SIGCHLD, SignalCode(rawValue: 2), process: 8, user: 9, status: 11, userTicks: 12, systemTicks: 13)
    #expect(head(child) == [17, 0, 2] && child.layout == .child)
    #expect(number(bytes(child), 24, as: Int32.self) == 11)
    #expect(number(bytes(child), 32, as: Int64.self) == 12 && number(bytes(child), 40, as: Int64.self) == 13)

    let fault = SignalInformation.fault(.SIGSEGV, .notMapped, address: 0xdead_beef_0000)
    #expect(head(fault) == [11, 0, 1] && fault.layout == .fault)
    #expect(number(bytes(fault), 16, as: UInt64.self) == 0xdead_beef_0000)

    let key = SignalInformation.keyFault(address: 1, key: 15)
    #expect(head(key) == [11, 0, 4] && key.layout == .keyFault && number(bytes(key), 32, as: UInt32.self) == 15)

    let poll = SignalInformation.poll(.SIGIO, SignalCode(rawValue: 1), band: 0x41, descriptor: 14)
    #expect(head(poll) == [29, 0, 1] && poll.layout == .poll)
    #expect(number(bytes(poll), 16, as: Int64.self) == 0x41 && number(bytes(poll), 24, as: Int32.self) == 14)

    let filtered = SignalInformation.filtered(callNumber: 39, address: 0x40_1000, data: 21)
    #expect(head(filtered) == [31, 21, 1] && filtered.layout == .systemCall)
    #expect(number(bytes(filtered), 16, as: UInt64.self) == 0x40_1000)
    #expect(number(bytes(filtered), 24, as: Int32.self) == 39)
    #expect(number(bytes(filtered), 28, as: UInt32.self) == 0xc000_003e)
    #expect(bytes(filtered)[48...].allSatisfy { $0 == 0 })
  }

  @Test("the layout follows from signal and code as Linux has it")
  func layoutRules() {
    func layout(_ signal: Signal, _ code: Int32) -> SignalLayout {
      SignalInformation(signal, SignalCode(rawValue: code)).layout
    }
    #expect(layout(.SIGSEGV, 0) == .user && layout(.SIGSEGV, 0x80) == .user && layout(.SIGSEGV, 3) == .boundsFault)
    #expect(layout(.SIGBUS, 3) == .fault && layout(.SIGBUS, 4) == .memoryFault && layout(.SIGBUS, 6) == .poll)
    #expect(layout(.SIGTRAP, 6) == .eventFault && layout(.SIGILL, 11) == .fault && layout(.SIGILL, 12) == .user)
    #expect(layout(.SIGCHLD, 6) == .child && layout(.SIGCHLD, -1) == .queued && layout(.SIGUSR1, 6) == .poll)
    #expect(layout(.SIGUSR1, 7) == .user && layout(.SIGUSR1, -5) == .poll && layout(.SIGUSR1, -60) == .queued)
    #expect(layout(.SIGUSR1, .max) == .user && layout(.SIGUSR1, .min) == .queued)
    // A program may queue words with any number in the place of the signal's.
    let strange = SignalInformation(.max, .max, 0, 0, 0, 0)
    #expect(strange.signal == nil && strange.layout == .queued && !strange.numbered(.SIGHUP).isKnown == false)
    #expect(SignalInformation(300, 1, 0, 0, 0, 0).layout == .poll)
  }

  @Test("what a signalfd gives has each field in its place, and nothing else")
  func records() {
    func record(_ information: SignalInformation) -> [UInt8] { SignalDescriptorRecord(information).words.bytes }
    func fields(_ bytes: [UInt8]) -> [Int] { bytes.indices.filter { bytes[$0] != 0 } }
    let sent = record(.sent(.SIGTERM, .kernel, process: 0x0102_0304, user: 0x0506_0708))
    #expect(fields(sent) == [0, 8] + Array(12..<20))
    let queued = record(.queued(.SIGUSR1, process: -1, user: .max, value: 0x1122_3344_5566_7788))
    #expect(fields(queued) == [0] + Array(8..<20) + Array(44..<56))
    #expect(
      number(queued, 44, as: UInt32.self) == 0x5566_7788 && number(queued, 48, as: UInt64.self) == 0x1122_3344_5566_7788
    )
    let timer = record(.timer(.SIGALRM, timer: -1, overrun: -1, value: .max))
    #expect(fields(timer) == [0] + Array(8..<12) + Array(24..<28) + Array(32..<36) + Array(44..<56))
    let child = record(
      .child(
        .SIGCHLD, SignalCode(rawValue: 1), process: -1, user: .max, status: -1, userTicks: -1, systemTicks: -1))
    #expect(fields(child) == [0, 8] + Array(12..<20) + Array(40..<44) + Array(56..<72))
    let fault = record(.fault(.SIGBUS, .noMemory, address: .max))
    #expect(fields(fault) == [0, 8] + Array(72..<80))
    let broken = record(SignalInformation(.SIGBUS, SignalCode(rawValue: 4), .max, .max, 0, 0))
    #expect(fields(broken) == [0, 8] + Array(72..<82))
    let poll = record(.poll(.SIGIO, SignalCode(rawValue: 1), band: -1, descriptor: -1))
    #expect(fields(poll) == [0, 8] + Array(20..<24) + Array(28..<32))
    let filtered = record(.filtered(callNumber: -1, address: .max, data: -1))
    #expect(fields(filtered) == [0] + Array(4..<9) + Array(84..<97) + [99])
  }
}
