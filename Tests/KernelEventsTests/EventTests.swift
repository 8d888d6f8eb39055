import Foundations
import Machine
import TestSupport
import Testing

@testable import KernelEvents

@Suite("Events of the kernel")
struct EventTests {
  private final class Collector: KernelEventReceiver {
    var texts: [String] = []

    override func receive(_ text: Span<UInt8>) {
      texts.append(String(decoding: text.indices.map { text[$0] }, as: UTF8.self))
    }
  }

  /// One test at a time, as there is one receiver.
  private func withMemory(_ body: () throws -> Void) throws { try SimulatedMemory.exclusive { try body() } }

  private func make(
    _ action: KernelEventAction = .add, _ path: String = "devices/disk", _ subsystem: StaticString = "block"
  ) throws(Errno) -> KernelEvent {
    let path = Array(path.utf8)
    return try KernelEvent(action, path: path.span, subsystem: subsystem)
  }

  /// The lines of what `body` makes; without those that every event has.
  private func lines(_ body: (inout KernelEvent) throws(Errno) -> Void) throws(Errno) -> [String] {
    var event = try make()
    try body(&event)
    let bytes = event.bytes
    let text = String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
    return text.split(separator: "\0", omittingEmptySubsequences: false).dropFirst(4).dropLast().map(String.init)
  }

  private func arguments(_ text: String) throws(Errno) -> [String] {
    let bytes = Array(text.utf8)
    return try lines { event throws(Errno) in
      try SyntheticRequest(bytes.span).addArguments(in: bytes.span, to: &event)
    }
  }

  @Test("an event has its action, its path and its subsystem before what is added, and its number behind that")
  func text() throws {
    try withMemory { () throws in
      let collector = Collector()
      KernelEvents.install(collector)
      let before = KernelEvents.sequenceNumber
      var event = try make(.change)
      let facts = Array("MAJOR=8\nMINOR=0\n\nDEVNAME=sda".utf8)
      try event.add(lines: facts.span)
      try event.add("DISK_MEDIA_CHANGE", "1")
      try KernelEvents.broadcast(event)
      try KernelEvents.broadcast(make(.remove))
      #expect(KernelEvents.sequenceNumber == before + 2)
      let expected = [
        "change@/devices/disk", "ACTION=change", "DEVPATH=/devices/disk", "SUBSYSTEM=block", "MAJOR=8", "MINOR=0",
        "DEVNAME=sda", "DISK_MEDIA_CHANGE=1", "SEQNUM=\(before + 1)", "",
      ]
      #expect(collector.texts.count == 2)
      #expect(collector.texts.first == expected.joined(separator: "\0"))
      #expect(collector.texts.last?.hasPrefix("remove@/devices/disk\0") == true)
      #expect(collector.texts.last?.hasSuffix("\0SEQNUM=\(before + 2)\0") == true)
    }
  }

  @Test("what would be longer than programs' buffers is refused, in bytes and in lines")
  func limits() throws {
    try withMemory { () throws in
      #expect(throws: Errno.ENOMEM) {
        _ = try lines { event throws(Errno) in
          let long = [UInt8](repeating: 0x61, count: KernelEvent.byteLimit)
          try event.add(lines: long.span)
        }
      }
      var count = 0
      #expect(throws: Errno.ENOMEM) {
        _ = try lines { event throws(Errno) in
          while count < 100 {
            try event.add("A", "b")
            count += 1
          }
        }
      }
      // Three are there already, and one is the number's.
      #expect(count == KernelEvent.lineLimit - 4)
      let long = String(repeating: "x", count: 3_000)
      #expect(throws: Errno.ENOMEM) { try make(.add, long).bytes.count }
    }
  }

  @Test("programs ask for events by an action, and perhaps a UUID and words")
  func requests() throws {
    try withMemory { () throws in
      let identifier = "fe4d7c9d-b8c6-4a70-9ef1-3d8a58d18eed"
      #expect(try arguments("add") == ["SYNTH_UUID=0"])
      #expect(try arguments("change\n") == ["SYNTH_UUID=0"])
      #expect(try arguments("unbind\0") == ["SYNTH_UUID=0"])
      #expect(try arguments("add \(identifier)\n") == ["SYNTH_UUID=\(identifier)"])
      #expect(
        try arguments("add \(identifier.uppercased()) A=1 B2=xyz")
          == ["SYNTH_UUID=\(identifier.uppercased())", "SYNTH_ARG_A=1", "SYNTH_ARG_B2=xyz"])
      for action in KernelEventAction.allCases {
        let bytes = Array("\(action)\n".utf8)
        #expect(try SyntheticRequest(bytes.span).action == action)
      }
      for wrong in [
        "", "\n", "ad", "addx", " add", "add ", "add  \(identifier)", "add x", "add \(identifier.dropLast())",
        "add \(identifier)A=1", "add \(identifier) ", "add \(identifier) A", "add \(identifier) A=",
        "add \(identifier) =1", "add \(identifier) A=1 ", "add \(identifier) A=1  B=2", "add \(identifier) A_=1",
        "add \(identifier) A=1=2", "add \(identifier) A=\u{e4}", "add \(identifier)\n\n",
        "add ge4d7c9d-b8c6-4a70-9ef1-3d8a58d18eed", "add fe4d7c9d0b8c6-4a70-9ef1-3d8a58d18eed",
      ] {
        #expect(throws: Errno.EINVAL, "\(wrong)") { try arguments(wrong) }
      }
    }
  }

  @Test("no request traps, whatever its bytes")
  func fuzz() throws {
    try withMemory { () throws in
      var generator = SeededGenerator(seed: 1)
      let alphabet = Array("add change-0123456789abcdef =\n\0".utf8)
      for _ in 0..<2_000 {
        let count = Int.random(in: 0..<80, using: &generator)
        var bytes = (0..<count).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
        if Bool.random(using: &generator) {
          bytes = Array("add fe4d7c9d-b8c6-4a70-9ef1-3d8a58d18eed ".utf8) + bytes
        }
        do throws(Errno) {
          _ = try lines { event throws(Errno) in
            try SyntheticRequest(bytes.span).addArguments(in: bytes.span, to: &event)
          }
        } catch {
          #expect(error == .EINVAL)
        }
      }
    }
  }
}
