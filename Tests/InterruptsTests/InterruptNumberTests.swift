import Foundations
import Testing

@testable import Interrupts

@Suite("Numbers of interrupts", .serialized)
struct InterruptNumberTests {
  private final class Handler: InterruptHandler {
    override var label: StaticString { "edu" }
    override var messageNumber: UInt32 { 12_288 }
  }

  private func take(_ vector: UInt8) throws -> UInt32 { try InterruptNumbers.take(vector, 0, Handler()) }

  @Test(
    "each message has a number of its own above all lines, also when vectors are the same, and the lowest that is free")
  func numbers() throws {
    let numbers = try [take(48), take(48), take(49)]
    #expect(numbers == [24, 25, 26])
    InterruptNumbers.release(25)
    #expect(InterruptNumbers.message(after: nil)?.number == 24)
    #expect(InterruptNumbers.message(after: 24)?.number == 26)
    #expect(try take(60) == 25)
    #expect(InterruptNumbers.message(after: 24)?.vector == 60)
    for number: UInt32 in 24...26 { InterruptNumbers.release(number) }
    #expect(InterruptNumbers.message(after: nil) == nil)
    InterruptNumbers.release(24)
  }

  @Test(
    "the table has a line for each, with the number, the bus's own number and the name, and lines for what CPUs do themselves"
  )
  func table() throws {
    let number = try take(48)
    defer { InterruptNumbers.release(number) }
    var text = Text()
    InterruptsText.write(to: &text)
    let lines = text.text.split(separator: "\n").map(String.init)
    #expect(lines[0].hasPrefix("           "))
    let line = try #require(lines.first { $0.hasPrefix(" 24: ") })
    #expect(line.hasSuffix("  PCI-MSI 12288-edge      edu"))
    #expect(lines.contains { $0.hasPrefix("LOC: ") && $0.hasSuffix("  Local timer interrupts") })
    #expect(lines.last?.hasPrefix("MIS: ") ?? false)
  }
}

/// Keeps what is written.
private struct Text: TextSink {
  var bytes: [UInt8] = []
  var text: String { String(decoding: bytes, as: UTF8.self) }

  mutating func write(_ bytes: Span<UInt8>) {
    for index in bytes.indices { self.bytes.append(bytes[index]) }
  }
}
