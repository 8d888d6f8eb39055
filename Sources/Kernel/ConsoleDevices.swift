import BootInformation
import Console
import Foundations
import Machine
import Registers
import SerialDriver

/// Finds what text can be shown on.
enum ConsoleDevices {
  /// Two copies of each cell, of 12 bytes each, with room to spare.
  private static let bytesPerCell: UInt64 = 28
  private static let heapReserve: UInt64 = 256 << 10

  /// The first serial port; nil when none answers.
  ///
  /// - Parameter bitsPerSecond: the speed; one that the port does not have is the usual one.
  static func openSerialPort(bitsPerSecond: UInt32?) -> SerialTerminal<PortSpace>? {
    if let bitsPerSecond, let port = open(bitsPerSecond) { return port }
    return open(SerialPort<PortSpace>.usualBitsPerSecond)
  }

  private static func open(_ bitsPerSecond: UInt32) -> SerialTerminal<PortSpace>? {
    guard let ports = PortSpace.claim(base: UART16550.com1, count: UART16550.length) else { return nil }
    do throws(SerialPortError) {
      let identity = SerialIdentity(address: UART16550.com1, interrupt: UInt32(KernelTerminals.serialLine))
      return SerialTerminal(try SerialPort(ports, bitsPerSecond: bitsPerSecond), identity)
    } catch {
      return nil
    }
  }

  /// The screen that the loader describes, or the VGA's text; nil when there is none that can be drawn on.
  static func openScreen(
    _ description: BootScreenDescription?, plan: borrowing PhysicalMemoryPlan
  ) -> TextScreen<AnyTextDisplay<DisplayWindow>>? {
    guard let description else { return openTextScreen() }
    let cells = UInt64(description.width / 8) * UInt64(description.height / 16)
    let heap = HeapStatistics.current
    // The screen's cells are the largest thing that boot allocates; a screen that they do not fit for stays dark.
    guard cells * bytesPerCell + heapReserve < UInt64(heap.totalByteCount - heap.usedByteCount) else { return nil }
    switch description.format {
    case .text: return openTextScreen()
    case .indexed: return nil
    case .direct(let red, let green, let blue):
      guard let range = description.range, let window = DisplayWindow.frameBuffer(range, plan: plan) else { return nil }
      let layout = FramebufferLayout(
        width: Int(description.width), height: Int(description.height), pitch: Int(description.pitch),
        bitsPerPixel: Int(description.bitsPerPixel), red: ColorField(red), green: ColorField(green),
        blue: ColorField(blue))
      do throws(FramebufferLayout.Problem) {
        return TextScreen(on: .framebuffer(try FramebufferDisplay(window, layout: layout)))
      } catch {
        return nil
      }
    }
  }

  private static func openTextScreen() -> TextScreen<AnyTextDisplay<DisplayWindow>> {
    if let ports = PortSpace.claim(base: 0x3d4, count: 2) { VGACursor.hide(ports) }
    return TextScreen(on: .vga(VGATextDisplay(DisplayWindow.vgaText())))
  }
}

extension ColorField {
  fileprivate init(_ field: BootScreenDescription.ColourField) {
    self.init(position: field.position, size: field.size)
  }
}
