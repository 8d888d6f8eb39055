/// A 16550 with a line: the register rules come from the spec, FIFOs, interrupts and loopback from here.
public final class SerialDevice {
  /// Its registers.
  public let model = DeviceModel(UART16550Model.layout)
  /// What has gone out on the line.
  public private(set) var sent: [UInt8] = []
  /// What waits in the receive FIFO, with the line status that belongs to it.
  private var received: [(byte: UInt8, errors: UInt64)] = []
  /// What the other side has still to send, and holds back while the FIFO is full.
  private var waiting: [UInt8] = []
  /// The transmitter takes no more once so many bytes have gone out.
  public var transmitLimit = Int.max
  /// What the loop makes of a byte; nil loses it.
  public var loop: (UInt8) -> UInt8? = { $0 }
  /// The most bytes that were written after one look at the line status.
  public private(set) var longestBurst = 0
  private var burst = 0
  private var isEmptyUnreported = false
  private var wantedEmpty = false
  /// How many characters the receive FIFO has lost.
  public private(set) var overruns = 0

  /// The names of its registers.
  public typealias UART = UART16550Model
  /// Characters that each FIFO holds.
  public static let fifoSize = 16

  /// A port with an empty line.
  public init() {
    model.onWrite[UART.transmitterHolding] = { [unowned self] _, _, value in transmit(UInt8(value)) }
    model.onRead[UART.receiverBuffer] = { [unowned self] model, _ in
      model[UART.receiverBuffer] = received.isEmpty ? 0 : UInt64(received.removeFirst().byte)
      refill()
      showFirst()
    }
    model.onRead[UART.lineStatus] = { [unowned self] _, _ in burst = 0 }
    model.onWrite[UART.fifoControl] = { [unowned self] model, _, _ in
      if model[UART.FifoControl.resetReceiver] == 1 { received = [] }
      model[UART.InterruptIdentification.fifoState] = model[UART.FifoControl.enable] == 1 ? 3 : 0
    }
    model.onWrite[UART.interruptEnable] = { [unowned self] model, _, _ in
      let wantsEmpty = model[UART.InterruptEnable.transmitterEmpty] == 1
      if wantsEmpty && !wantedEmpty && model[UART.LineStatus.transmitterHoldingEmpty] == 1 { isEmptyUnreported = true }
      wantedEmpty = wantsEmpty
    }
    model.onRead[UART.interruptIdentification] = { [unowned self] model, _ in
      let source = source
      model[UART.InterruptIdentification.isIdle] = source == nil ? 1 : 0
      model[UART.InterruptIdentification.source] = source ?? 0
      if source == 1 { isEmptyUnreported = false }
    }
    model.onRead[UART.modemStatus] = { model, _ in
      guard model[UART.ModemControl.loopback] == 1 else { return }
      model[UART.ModemStatus.clearToSend] = model[UART.ModemControl.requestToSend]
      model[UART.ModemStatus.dataSetReady] = model[UART.ModemControl.dataTerminalReady]
      model[UART.ModemStatus.ringIndicator] = model[UART.ModemControl.auxiliaryOutput1]
      model[UART.ModemStatus.carrierDetect] = model[UART.ModemControl.auxiliaryOutput2]
    }
  }

  /// What interrupts, as the identification register tells it; nil when nothing does.
  private var source: UInt64? {
    if model[UART.InterruptEnable.receivedData] == 1 && !received.isEmpty { return 2 }
    if model[UART.InterruptEnable.transmitterEmpty] == 1 && isEmptyUnreported { return 1 }
    // What has changed is in the lower half.
    if model[UART.InterruptEnable.modemStatus] == 1 && model[UART.modemStatus] & 0xf != 0 { return 0 }
    return nil
  }

  /// Whether the device pulls its interrupt line.
  public var isInterrupting: Bool { source != nil && model[UART.ModemControl.auxiliaryOutput2] == 1 }

  /// A character comes in on the line; `errors` are bits of the line status.
  public func arrive(_ byte: UInt8, errors: UInt64 = 0) {
    if received.count >= Self.fifoSize {
      overruns += 1
      model[UART.LineStatus.overrunError] = 1
      return
    }
    received.append((byte, errors))
    if received.count == 1 { showFirst() }
  }

  /// Characters come in on the line, as fast as the receive FIFO has room.
  public func feed(_ bytes: [UInt8]) {
    waiting += bytes
    refill()
  }

  /// Whether the other side holds something back.
  public var isHoldingBack: Bool { !waiting.isEmpty }

  private func refill() {
    while received.count < Self.fifoSize, !waiting.isEmpty { arrive(waiting.removeFirst()) }
  }

  private func showFirst() {
    model[UART.LineStatus.dataReady] = received.isEmpty ? 0 : 1
    if let first = received.first { model[UART.lineStatus] |= first.errors }
  }

  /// The other side changes CTS.
  public func setClearToSend(_ isOn: Bool) {
    model[UART.ModemStatus.clearToSend] = isOn ? 1 : 0
    model[UART.ModemStatus.clearToSendChanged] = 1
  }

  private func transmit(_ byte: UInt8) {
    burst += 1
    longestBurst = max(longestBurst, burst)
    if model[UART.ModemControl.loopback] == 1 {
      if let byte = loop(byte) { arrive(byte) }
      return
    }
    sent.append(byte)
    isEmptyUnreported = true
    if sent.count >= transmitLimit {
      isEmptyUnreported = false
      model[UART.LineStatus.transmitterHoldingEmpty] = 0
      model[UART.LineStatus.transmitterEmpty] = 0
    }
  }

  /// Lets the transmitter go on after `transmitLimit`.
  public func goOn() {
    transmitLimit = .max
    isEmptyUnreported = true
    model[UART.LineStatus.transmitterHoldingEmpty] = 1
    model[UART.LineStatus.transmitterEmpty] = 1
  }

  /// Forgets what has gone out on the line.
  public func forgetSent() { sent = [] }
}
