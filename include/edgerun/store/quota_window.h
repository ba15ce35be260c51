#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace edgerun::store {

enum class QuotaPeriod : std::uint8_t { Minute, Hour, Day, Month };

std::string_view nameOf(QuotaPeriod period);
std::optional<QuotaPeriod> quotaPeriodNamed(std::string_view name);

/// One calendar minute, hour, day or month. Unix ms.
struct QuotaWindow {
    std::int64_t begin = 0;
    std::int64_t end = 0;  ///< the first moment of the next one
};

/// Calendar windows of one time zone. Where local midnight does not exist or is there twice, a day
/// begins at the first moment of its date. Threads may share it.
class QuotaCalendar {
public:
    /// "UTC" or a name of the IANA's database, as the system has it; nullopt for others.
    static std::optional<QuotaCalendar> create(const std::string& timeZone);

    QuotaWindow windowOf(QuotaPeriod period, std::int64_t wall) const;
    const std::string& timeZone() const { return name_; }

private:
    struct Zone;
    QuotaCalendar(std::string name, std::shared_ptr<const Zone> zone);
    std::string name_;
    std::shared_ptr<const Zone> zone_;
};

}  // namespace edgerun::store
