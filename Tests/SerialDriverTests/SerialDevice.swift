import DeviceModels

/// A 16550 with a line: the register rules come from the spec, FIFOs and loopback from here.
final class SerialDevice {
  let model = DeviceModel(UART16550Model.layout)
  /// What has gone out on the line.
  private(set) var sent: [UInt8] = []
  /// What waits in the receive FIFO.
  private var received: [UInt8] = []
  /// The transmitter takes no more once so many bytes have gone out.
  var transmitLimit = Int.max
  /// What the loop makes of a byte; nil loses it.
  var loop: (UInt8) -> UInt8? = { $0 }
  /// The most bytes that were written after one look at the line status.
  private(set) var longestBurst = 0
  private var burst = 0

  typealias UART = UART16550Model

  init() {
    model.onWrite[UART.transmitterHolding] = { [unowned self] _, _, value in transmit(UInt8(value)) }
    model.onRead[UART.receiverBuffer] = { [unowned self] model, _ in
      model[UART.receiverBuffer] = received.isEmpty ? 0 : UInt64(received.removeFirst())
      model[UART.LineStatus.dataReady] = received.isEmpty ? 0 : 1
    }
    model.onRead[UART.lineStatus] = { [unowned self] _, _ in burst = 0 }
    model.onWrite[UART.fifoControl] = { [unowned self] model, _, _ in
      if model[UART.FifoControl.resetReceiver] == 1 { received = [] }
      model[UART.InterruptIdentification.fifoState] = model[UART.FifoControl.enable] == 1 ? 3 : 0
    }
    model.onRead[UART.modemStatus] = { model, _ in
      guard model[UART.ModemControl.loopback] == 1 else { return }
      model[UART.ModemStatus.clearToSend] = model[UART.ModemControl.requestToSend]
      model[UART.ModemStatus.dataSetReady] = model[UART.ModemControl.dataTerminalReady]
      model[UART.ModemStatus.ringIndicator] = model[UART.ModemControl.auxiliaryOutput1]
      model[UART.ModemStatus.carrierDetect] = model[UART.ModemControl.auxiliaryOutput2]
    }
  }

  /// A character comes in on the line.
  func arrive(_ byte: UInt8) {
    received.append(byte)
    model[UART.LineStatus.dataReady] = 1
  }

  private func transmit(_ byte: UInt8) {
    burst += 1
    longestBurst = max(longestBurst, burst)
    if model[UART.ModemControl.loopback] == 1 {
      if let byte = loop(byte) { arrive(byte) }
      return
    }
    sent.append(byte)
    if sent.count >= transmitLimit {
      model[UART.LineStatus.transmitterHoldingEmpty] = 0
      model[UART.LineStatus.transmitterEmpty] = 0
    }
  }
}
