import DeviceModels
import Foundations
import SerialDriver
import Testing

@Suite("SerialPort")
struct SerialPortTests {
  typealias UART = UART16550Model

  /// The error that making a port of `device` gives, or nil.
  private func failure(_ device: SerialDevice, bitsPerSecond: UInt32 = 115_200) -> SerialPortError? {
    do throws(SerialPortError) {
      _ = try SerialPort(device.model, bitsPerSecond: bitsPerSecond, pollLimit: 50)
      return nil
    } catch {
      return error
    }
  }

  /// The error that sending `text` gives, or nil.
  private func failure(sending text: String, on port: inout SerialPort<DeviceModel>) -> SerialPortError? {
    do throws(SerialPortError) {
      try port.send(text.utf8Span.span)
      return nil
    } catch {
      return error
    }
  }

  @Test("A port is set to 8N1, FIFOs on, interrupts off, and the line is not left looped")
  func setUp() throws {
    let device = SerialDevice()
    device.model[UART.interruptEnable] = 0xf
    _ = try SerialPort(device.model)
    let model = device.model
    #expect(model[UART.divisorLow] == 1 && model[UART.divisorHigh] == 0)
    #expect(model[UART.lineControl] == 0x03)
    #expect(model[UART.interruptEnable] == 0)
    #expect(model[UART.fifoControl] == 0xc7)
    #expect(model[UART.modemControl] == 0x0b)
    #expect(device.sent.isEmpty, "the loopback test must not reach the line")
    #expect(model.violations == [])
  }

  @Test(
    "Every rate that divides 115,200 gives its divisor", arguments: [1, 2, 50, 300, 9_600, 19_200, 57_600] as [UInt32])
  func rates(bitsPerSecond: UInt32) throws {
    let device = SerialDevice()
    guard let divisor = UInt16(exactly: 115_200 / bitsPerSecond) else {
      #expect(failure(device, bitsPerSecond: bitsPerSecond) == .unsupportedRate(bitsPerSecond))
      return
    }
    #expect(failure(device, bitsPerSecond: bitsPerSecond) == nil)
    #expect(device.model[UART.divisorHigh] << 8 | device.model[UART.divisorLow] == UInt64(divisor))
  }

  @Test("Other rates are refused before the device is touched", arguments: [0, 7, 14_401, 230_400, .max] as [UInt32])
  func refusedRates(bitsPerSecond: UInt32) {
    let device = SerialDevice()
    #expect(failure(device, bitsPerSecond: bitsPerSecond) == .unsupportedRate(bitsPerSecond))
    #expect(device.model.accessCount == 0)
  }

  @Test("An empty bus is not a port")
  func absent() {
    let device = SerialDevice()
    device.model.isGone = true
    #expect(failure(device) == .notPresent)
  }

  @Test("A scratch register with a stuck bit is not a port", arguments: 0..<8 as Range<UInt64>, [0, 1] as [UInt64])
  func stuckScratch(bit: UInt64, level: UInt64) {
    let device = SerialDevice()
    device.model.stick(UART.scratch, mask: 1 << bit, at: level << bit)
    #expect(failure(device) == .notPresent)
  }

  @Test("A device that does not hear itself is refused, and the loop is opened all the same")
  func loopbackLost() {
    let device = SerialDevice()
    device.loop = { _ in nil }
    #expect(failure(device) == .loopbackFailed)
    #expect(device.model[UART.ModemControl.loopback] == 0)
  }

  @Test("A device that hears itself wrongly is refused", arguments: 0..<8)
  func loopbackDamaged(bit: Int) {
    let device = SerialDevice()
    device.loop = { $0 ^ 1 << UInt8(bit) }
    #expect(failure(device) == .loopbackFailed)
  }

  @Test(
    "Modem lines that do not follow the loop are refused",
    arguments: [
      (UART.ModemStatus.clearToSend, 0), (UART.ModemStatus.dataSetReady, 0), (UART.ModemStatus.carrierDetect, 0),
      (UART.ModemStatus.ringIndicator, 1),
    ] as [(FieldKey, UInt64)])
  func modemLines(line: FieldKey, level: UInt64) {
    let device = SerialDevice()
    device.model.stick(line, at: level)
    #expect(failure(device) == .loopbackFailed)
  }

  @Test("Bytes arrive in order, at most 16 for one look at the status")
  func sending() throws {
    let device = SerialDevice()
    var port = try SerialPort(device.model)
    let bytes = (0..<1_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    try port.send(bytes.span)
    #expect(device.sent == bytes)
    #expect(device.longestBurst == 16)
    #expect(device.model.violations == [])
  }

  @Test("Without a working FIFO every byte waits for its own room")
  func withoutFIFO() throws {
    for state in [0, 2] as [UInt64] {
      let device = SerialDevice()
      device.model.stick(UART.InterruptIdentification.fifoState, at: state)
      var port = try SerialPort(device.model)
      try port.send([1, 2, 3, 4].span)
      #expect(device.sent == [1, 2, 3, 4])
      #expect(device.longestBurst == 1)
    }
  }

  @Test("A transmitter that never empties is a timeout, and the bytes before it arrived")
  func stuckTransmitter() throws {
    let device = SerialDevice()
    device.model.stick(UART.InterruptIdentification.fifoState, at: 0)
    device.transmitLimit = 3
    var port = try SerialPort(device.model, pollLimit: 50)
    #expect(failure(sending: "hello", on: &port) == .timeout(sent: 3))
    #expect(device.sent == Array("hel".utf8))
  }

  @Test("A port that was stuck gets a short look only, until it works again")
  func stuckStaysCheap() throws {
    let device = SerialDevice()
    device.transmitLimit = 0
    var port = try SerialPort(device.model, pollLimit: 10_000)
    device.model.stick(UART.LineStatus.transmitterHoldingEmpty, at: 0)
    #expect(failure(sending: "a", on: &port) == .timeout(sent: 0))
    let before = device.model.accessCount
    for _ in 0..<10 { #expect(failure(sending: "a", on: &port) == .timeout(sent: 0)) }
    #expect(device.model.accessCount - before == 160)
    device.model.heal()
    #expect(failure(sending: "b", on: &port) == nil)
    #expect(device.sent == Array("b".utf8))
  }

  @Test("A device that goes away in the middle is an error that says how much it was given")
  func vanishes() throws {
    let device = SerialDevice()
    var port = try SerialPort(device.model)
    device.model.onWrite[UART.transmitterHolding] = { model, _, _ in model.isGone = true }
    let bytes = [UInt8](repeating: 0x41, count: 40)
    do throws(SerialPortError) {
      try port.send(bytes.span)
      Issue.record("a device that has gone took everything")
    } catch {
      // The rest of the burst went into the void; nobody could know.
      #expect(error == .gone(sent: 16))
    }
    do throws(SerialPortError) {
      _ = try port.receive()
      Issue.record("a device that has gone gave a character")
    } catch {
      #expect(error == .gone(sent: 0))
    }
  }

  @Test("A status of all ones from a device that is there is a bad line, not an end")
  func allOnesIsPossible() throws {
    let device = SerialDevice()
    var port = try SerialPort(device.model)
    device.arrive(0x7a)
    device.model[UART.lineStatus] = 0xff
    let character = try port.receive()
    #expect(character?.byte == 0x7a)
    #expect(character?.isBreak == true && character?.followsOverrun == true)
  }

  @Test("Characters come in order, then nil")
  func receiving() throws {
    let device = SerialDevice()
    var port = try SerialPort(device.model)
    #expect(try port.receive() == nil)
    for byte in "ok".utf8 { device.arrive(byte) }
    #expect(try port.receive()?.byte == 0x6f)
    #expect(try port.receive()?.byte == 0x6b)
    #expect(try port.receive() == nil)
  }

  @Test("An error seen while sending is reported with the next character, once")
  func errorsAreKept() throws {
    let device = SerialDevice()
    var port = try SerialPort(device.model)
    device.model[UART.LineStatus.overrunError] = 1
    device.model[UART.LineStatus.framingError] = 1
    try port.send([1].span)
    #expect(device.model[UART.LineStatus.overrunError] == 0, "reading the status clears it in the device")
    device.arrive(2)
    device.arrive(3)
    let first = try port.receive()
    #expect(first?.followsOverrun == true && first?.isDamaged == true && first?.isBreak == false)
    let second = try port.receive()
    #expect(second?.byte == 3 && second?.followsOverrun == false && second?.isDamaged == false)
  }

  @Test("Text gets CR before LF, and nothing else is changed")
  func text() throws {
    let device = SerialDevice()
    var port = try SerialPort(device.model)
    port.write("a\n\nbé\r\n")
    #expect(device.sent == Array("a\r\n\r\nbé\r\r\n".utf8))
    #expect(port.lostBytes == 0)
  }

  @Test("Text for a dead port is counted as lost, in bounded time")
  func lostText() throws {
    let device = SerialDevice()
    device.model.stick(UART.InterruptIdentification.fifoState, at: 0)
    device.transmitLimit = 2
    var port = try SerialPort(device.model, pollLimit: 50)
    port.write("abcd\n")
    #expect(device.sent == Array("ab".utf8))
    #expect(port.lostBytes == 4)
  }

  @Test("Draining waits for the shift register, and ends when that hangs")
  func draining() throws {
    let device = SerialDevice()
    var port = try SerialPort(device.model, pollLimit: 20)
    var reads = 0
    device.model[UART.LineStatus.transmitterEmpty] = 0
    device.model.onRead[UART.lineStatus] = { model, _ in
      reads += 1
      if reads == 10 { model[UART.LineStatus.transmitterEmpty] = 1 }
    }
    try port.drain()
    #expect(reads == 10)
    device.model.stick(UART.LineStatus.transmitterEmpty, at: 0)
    do throws(SerialPortError) {
      try port.drain()
      Issue.record("a transmitter that never empties was drained")
    } catch {
      #expect(error == .timeout(sent: 0))
    }
  }

  @Test("A device that goes away at any access never hangs or traps the driver")
  func vanishesAnywhere() {
    for limit in 0..<120 {
      let device = SerialDevice()
      device.model.beforeAccess = { if $0.accessCount > limit { $0.isGone = true } }
      do throws(SerialPortError) {
        var port = try SerialPort(device.model, pollLimit: 20)
        try port.send([UInt8](repeating: 0x55, count: 100).span)
        try port.drain()
        #expect(limit > 100)
      } catch {
        #expect(error != .unsupportedRate(115_200))
      }
    }
  }
}
