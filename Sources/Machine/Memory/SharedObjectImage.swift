import Boot

/// The ELF file that the kernel maps into every program: a page, `Sources/Boot/vdso.S`.
public enum SharedObjectImage {
  /// The file.
  public static var bytes: Span<UInt8> {
    @_lifetime(immortal)
    get {
      // SAFETY: the image has so many bytes there, read-only and for ever.
      let bytes = unsafe UnsafeBufferPointer(start: apus_vdso_bytes(), count: Int(APUS_VDSO_SIZE))
      return unsafe _overrideLifetime(bytes.span, copying: ())
    }
  }
}

/// Where things are in the page that the shared object reads clocks from, in words.
public enum ClockPageLayout {
  /// The word that is odd while the page changes.
  public static let sequence = Int(APUS_CLOCK_SEQUENCE) / 8
  /// The time-stamp counter at the last update.
  public static let baseTicks = Int(APUS_CLOCK_BASE_TICKS) / 8
  /// The first word of clock `number`'s line, from which the following count.
  public static func line(_ number: Int) -> Int { (Int(APUS_CLOCK_LINES) + number * Int(APUS_CLOCK_LINE_SIZE)) / 8 }

  /// Nanoseconds a tick, times 2⁴⁸; 0 when the page does not tell the clock.
  public static let multiplier = Int(APUS_CLOCK_MULTIPLIER) / 8
  /// The clock at the last update: its seconds.
  public static let seconds = Int(APUS_CLOCK_SECONDS) / 8
  /// The nanoseconds of that second.
  public static let nanoseconds = Int(APUS_CLOCK_NANOSECONDS) / 8
  /// The rest, in 2⁻⁴⁸ ns.
  public static let fraction = Int(APUS_CLOCK_FRACTION) / 8
}
